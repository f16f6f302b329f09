# ferbench without TensorFlow: the web page (default) or a run without a display.
#
#   docker build -t ferbench .
#   docker run --rm -p 127.0.0.1:8000:8000 -e FERBENCH_TOKEN=choose-a-secret ferbench
#   mkdir -p results && docker run --rm --user "$(id -u):$(id -g)" -v "$PWD/results:/data/results" \
#       ferbench run faces --only 'hog+*'
FROM python:3.12-slim AS build
COPY . /src
RUN /src/.ci/install.sh /opt/ferbench wheel web,dask

FROM python:3.12-slim
COPY --from=build /opt/ferbench /opt/ferbench
RUN useradd --uid 10001 --create-home ferbench && mkdir /data && chown ferbench /data && chmod 1777 /data
USER ferbench
WORKDIR /data
ENV PATH=/opt/ferbench/bin:$PATH FERBENCH_CACHE=/data/cache
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["python", "-c", \
    "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["ferbench"]
# All interfaces of the container; ferbench asks for FERBENCH_TOKEN then.
CMD ["serve", "--host", "0.0.0.0"]
