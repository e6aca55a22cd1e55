# The image has its own Node, so the last stage leaves out the one that the lockfile brings (--omit=optional), and with
# it nothing else that runs: the other optional packages are binaries of build tools.
FROM node:26.10.0-bookworm-slim AS dependencies
WORKDIR /service
COPY package.json package-lock.json .npmrc ./
# Types and source maps are for editors and debuggers: a quarter of what is installed, and nothing reads them here.
RUN npm ci --omit=dev --omit=optional && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete

FROM node:26.10.0-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080
WORKDIR /service
COPY --from=dependencies /service/node_modules node_modules
COPY package.json LICENSE ./
COPY src src
USER node
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/livez`).then((reply) => process.exit(reply.ok ? 0 : 1), () => process.exit(1))"]
# node itself is process 1: it gets SIGTERM, drains, and ends. Nothing is written to the file system.
CMD ["node", "src/main.ts"]
