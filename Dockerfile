# The whole image has a C compiler, for the addon by which batches are sent.
FROM node:24 AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts
COPY scripts/setup ./scripts/setup
COPY scripts/build-addon.js ./scripts/build-addon.js
COPY src/feed/native ./src/feed/native
RUN node scripts/build-addon.js

FROM node:24-slim
WORKDIR /app
ENV NODE_ENV=production
COPY --from=packages /app/node_modules ./node_modules
COPY --from=packages /app/.toolchain/native ./.toolchain/native
COPY package.json LICENSE ./
COPY src ./src
# For what a node keeps where it is not given its ADMIN_KEY.
RUN mkdir data && chown node:node data
USER node
EXPOSE 3000
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 3000) + '/health/ready').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# The image holds no redis-server: REDIS_URL must be set.
CMD ["node", "--max-semi-space-size=8", "--always-sparkplug", "src/main.ts"]
