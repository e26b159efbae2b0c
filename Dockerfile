# One app server with the demo, its bundles and those of MovieLens; compose.yaml runs two of them behind a proxy.
FROM python:3.11-slim

# The torch of PyPI brings CUDA along, some gigabytes; this index has the same version for the CPU alone.
ENV PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu \
    PYTHONUNBUFFERED=1

RUN useradd --no-create-home --uid 10001 lcrec
WORKDIR /app

COPY requirements.txt requirements-postgres.txt ./
RUN pip install --no-cache-dir -r requirements.txt -r requirements-postgres.txt

COPY app.py LICENSE ./
COPY .streamlit .streamlit
COPY docs/lcrec.svg docs/
COPY lcrec_core lcrec_core
COPY lcrec_ui lcrec_ui
COPY pages pages
COPY artifacts artifacts
# What is worked out once (artifacts/.cache) and profiles without a database (var) are all that the app writes.
RUN mkdir -p artifacts/.cache var && chown lcrec artifacts artifacts/.cache var

USER 10001
EXPOSE 8501
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD ["python", "-c", "import os, urllib.request; base = os.environ.get('STREAMLIT_SERVER_BASE_URL_PATH', '').strip('/'); urllib.request.urlopen('http://127.0.0.1:8501' + (base and '/' + base) + '/_stcore/health', timeout=2)"]
CMD ["python", "-m", "streamlit", "run", "app.py", "--server.address", "0.0.0.0", "--server.headless", "true"]
