# foldperf, built from this checkout by the commands of its own scripts. The base image is the system that these are
# written for; the CUDA libraries come with torch, and the driver from the host:
#
#   docker build -t foldperf .
#   docker run --rm --gpus all foldperf foldperf doctor --gpu
#   docker run --rm --gpus all -v "$PWD/runs:/runs" foldperf foldperf train --preset tiny --data samples --output /runs/first
FROM debian:12
WORKDIR /opt/foldperf
# The packages first: a change of the sources does not install them again.
COPY scripts/setup.sh scripts/requirements.txt scripts/requirements-cuda-compiler.txt scripts/
RUN scripts/setup.sh
COPY . .
RUN scripts/build.sh release foldperf foldperf-train foldperf_collector
ENV PATH=/opt/foldperf/build/release/bin:/opt/foldperf/.venv/bin:$PATH
# What the driver hands to the container: computing, and NVML for energy and clocks.
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
CMD ["foldperf", "doctor"]
