# Prediction and serving on CPUs: ONNX Runtime, no PyTorch.
#   docker build -f docker/cpu.Dockerfile -t posekit .
#   docker run --rm -v "$PWD:/data" posekit predict IMAGE.jpg --out result
#   docker run --rm -p 127.0.0.1:8000:8000 posekit serve --host 0.0.0.0
FROM python:3.12-slim
COPY . /src
RUN pip install --no-cache-dir "/src[serve]" && rm -r /src && useradd --create-home posekit
USER posekit
WORKDIR /data
ENTRYPOINT ["posekit"]
CMD ["--help"]
