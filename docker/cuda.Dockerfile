# Everything on NVIDIA GPUs: training, export, prediction and serving; PyTorch's wheels bring CUDA.
#   docker build -f docker/cuda.Dockerfile -t posekit:cuda .
#   docker run --rm --gpus all --shm-size 8g -v "$PWD:/data" posekit:cuda train CONFIG
#   docker run --rm --gpus all -v "$PWD:/data" posekit:cuda predict IMAGE.jpg --device cuda
FROM python:3.12-slim
COPY . /src
# ONNX Runtime for GPUs takes the place of the one for CPUs: both fill one package.
RUN pip install --no-cache-dir "/src[train,export,data,serve]" \
    && pip uninstall --yes onnxruntime \
    && pip install --no-cache-dir "onnxruntime-gpu[cuda,cudnn]>=1.21" \
    && rm -r /src && useradd --create-home posekit
USER posekit
WORKDIR /data
ENTRYPOINT ["posekit"]
CMD ["--help"]
