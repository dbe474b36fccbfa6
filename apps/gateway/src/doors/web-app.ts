import { existsSync } from 'node:fs';
import { join } from 'node:path';
import express, { type RequestHandler, type Response, Router } from 'express';

/** What is not the web app's: the API, the health of the process, the metrics, the sockets. */
const OTHERS = /^\/(?:api|health|metrics|socket\.io)(?:\/|$)/;

/** The build puts a hash of its content into a file's name: such a file never changes. */
const HASHED = /-[A-Za-z0-9_-]{8}\.[a-z0-9]+$/;

const isFile = (path: string): boolean => /\.[^/]+$/.test(path);

function setCaching(response: Response, file: string): void {
  if (HASHED.test(file)) response.setHeader('cache-control', 'public, max-age=31536000, immutable');
  // What names the hashed files must always be the newest.
  else if (file.endsWith('.html')) response.setHeader('cache-control', 'no-store');
  else response.setHeader('cache-control', 'no-cache');
}

/** Serves the built web app from a folder; every address that is no file of it is a page of the app itself. */
export function webApp(folder: string): RequestHandler {
  const index = join(folder, 'index.html');
  const router = Router();
  router.use(express.static(folder, { index: false, redirect: false, dotfiles: 'ignore', setHeaders: setCaching }));
  router.get('/{*page}', (request, response, next) => {
    if (isFile(request.path) || !existsSync(index)) {
      next();
      return;
    }
    setCaching(response, index);
    response.sendFile(index, (error?: Error) => {
      if (error !== undefined && !response.headersSent) next(error);
    });
  });
  return (request, response, next) => {
    if (OTHERS.test(request.path)) next();
    else router(request, response, next);
  };
}
