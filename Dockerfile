# The page of /docs comes from npm; nothing of npm is in the image.
FROM node:20-bookworm-slim AS docs
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev

FROM debian:bookworm-slim AS build
RUN apt-get update && apt-get install --yes --no-install-recommends \
		gcc libc6-dev cmake ninja-build pkg-config libmicrohttpd-dev libpq-dev libjansson-dev uuid-dev \
		libyaml-dev libpcre2-dev libcsv-dev uthash-dev libssl-dev libutf8proc-dev libcurl4-openssl-dev zlib1g-dev \
		librhonabwy-dev && \
	rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
COPY --from=docs /src/node_modules node_modules
RUN cmake --preset release && cmake --build --preset release

FROM debian:bookworm-slim
RUN apt-get update && apt-get install --yes --no-install-recommends \
		libmicrohttpd12 libpq5 libjansson4 libuuid1 libyaml-0-2 libpcre2-8-0 libcsv3 libssl3 libutf8proc2 libcurl4 \
		zlib1g librhonabwy1.1 ca-certificates curl && \
	rm -rf /var/lib/apt/lists/* && \
	useradd --system --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin qudao
COPY --from=build /src/build/release/qudao /usr/local/bin/qudao
USER qudao
ENV QUDAO_PORT=8080
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
	CMD curl --fail --silent --output /dev/null "http://127.0.0.1:$QUDAO_PORT/readyz"
STOPSIGNAL SIGTERM
# The database is named by QUDAO_DATABASE_URL when the container starts.
ENTRYPOINT ["qudao"]
CMD ["serve"]
