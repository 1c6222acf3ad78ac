# docker build -t kubesim . && docker run --rm -p 127.0.0.1:8888:8888 -v kubesim:/home/learner/learn kubesim
FROM python:3.13-slim@sha256:ffb752e139c0a19692a43af8d8523b274222dd68eebad5d583b45c2201c6e30a
RUN apt-get update \
 && apt-get install -y --no-install-recommends graphviz fonts-liberation \
 && rm -rf /var/lib/apt/lists/*
# The sources are mounted, so that no layer keeps them; what the build writes among them is dropped.
RUN --mount=type=bind,target=/src,readwrite \
    pip install --no-cache-dir -r /src/requirements.txt \
 && pip install --no-cache-dir --no-deps --no-build-isolation /src
RUN useradd --create-home learner
USER learner
WORKDIR /home/learner
# Notebooks, files and progress, which a new container finds again.
RUN mkdir learn
VOLUME /home/learner/learn
EXPOSE 8888
CMD ["kubesim", "lab", "learn", "--", "--ip=0.0.0.0", "--no-browser"]
