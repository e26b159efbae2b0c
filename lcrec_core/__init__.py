"""LCRec core: read, split, encode, model, artifacts, recommender. Knows nothing of Streamlit."""
