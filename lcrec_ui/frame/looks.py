"""What the theme in `.streamlit/config.toml` cannot say: a few rules that keep text readable in light and dark."""

import streamlit as st

from lcrec_ui.frame import marks, movie_link, read_out, star_control

_POSTERS = """
/* A hairline, so that a dark poster has an edge on a dark page. A poster is never wider than its place. */
.lcrec-poster { display: block; width: 100%; aspect-ratio: 2 / 3; object-fit: cover; border-radius: 0.35rem;
    box-shadow: 0 0 0 1px rgba(128, 118, 108, 0.28), 0 2px 6px rgba(0, 0, 0, 0.18); }
"""
STYLE = (
    f"<style>{star_control.STYLE}{marks.STYLE}{movie_link.STYLE}{read_out.STYLE}{_POSTERS}"
    f".lcrec-table caption {{ {read_out.HIDDEN} }}"
    + """
/* The primary colour fills buttons under white text; as text on the page itself it is too dark in the dark. */
button[data-selected="true"], [role="tab"][data-selected="true"], [data-testid="stSliderThumbValue"],
[data-testid="stBaseButton-secondary"]:enabled:hover, [data-testid="stBaseButton-tertiary"]:enabled:hover,
[data-testid="stPopoverButton"]:enabled:hover { color: inherit !important; }
/* Captions are text of 60 %, and code in them would be fainter still; on the ground of code they are too faint. */
[data-testid="stCaptionContainer"] code { color: inherit; background: none; padding: 0; }
/* The colours of code are fixed, and some are too faint on our ground. */
[data-testid="stCode"] .token { color: inherit !important; }
[data-testid="stCode"] .token.comment { font-style: italic; }
/* A card's heading follows the page's title, so that levels are not skipped, and looks like what it heads. */
[class*="st-key-card_"] h2 { padding: 0 0 1.1rem; font-size: 1.1rem; }
/* Tables of ours: real ones, so that they can be searched and read out. Wide ones scroll, their first column stays. */
.lcrec-table { overflow-x: auto; }
.lcrec-table table { border-collapse: collapse; font-size: 0.875rem; margin: 0; min-width: 40%; }
.lcrec-table :is(th, td) {
    padding: 0.35rem 0.7rem; text-align: left; vertical-align: top; font-weight: 400;
    border-bottom: 1px solid color-mix(in srgb, currentColor 18%, transparent);
}
.lcrec-table thead th { font-weight: 600; white-space: nowrap; vertical-align: bottom; }
.lcrec-table .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.lcrec-table .words { min-width: 26rem; max-width: 40rem; text-align: left; white-space: normal; }
.lcrec-table tbody th.number { min-width: 0; }
.lcrec-table tbody th { font-weight: 500; min-width: 9rem;
    position: sticky; left: 0; background: Canvas; background: light-dark(#FDFAF5, #171210); }
@media (max-width: 640px) {
    .lcrec-table :is(th, td) { padding: 0.3rem 0.4rem; }
    .lcrec-table tbody th { min-width: 6rem; }
    .lcrec-table .words { min-width: 16rem; }
    .lcrec-table thead th { white-space: normal; }
}
/* What does not fit is hinted at by a shadow at the edge that it lies behind. */
.lcrec-table {
    background:
        linear-gradient(to left, light-dark(#FDFAF5, #171210) 40%, transparent) right / 3rem 100% no-repeat local,
        linear-gradient(to left, light-dark(rgba(60, 35, 15, 0.3), rgba(0, 0, 0, 0.8)), transparent)
        right / 0.9rem 100% no-repeat scroll;
}
.lcrec-row { color: inherit !important; text-decoration: none; }
.lcrec-row:hover { text-decoration: underline; }
.lcrec-row:focus-visible { outline: 2px solid currentColor; outline-offset: 2px; }
.lcrec-table tr:is(:target, .lcrec-asked) :is(th, td) { background: light-dark(#F3E3C4, #3A2B1C); }
.lcrec-table tr { scroll-margin-top: 8rem; }
.lcrec-about { font-size: 0.85rem; margin-top: 0.4rem; }
.lcrec-about summary { cursor: pointer; padding: 0.3rem 0; }
.lcrec-about dt { font-weight: 600; } .lcrec-about dd { margin: 0 0 0.3rem 1rem; }
/* A place on the page that is open is a link like the others, and no chosen one. */
.stPageLink a[href*="show="] { background: none; height: auto; }
.stPageLink a[href*="show="]:hover { text-decoration: underline; }
.stPageLink a[href*="show="] p { font-weight: 400; white-space: normal; }
/* A phone's first screen is for what the page is about. */
@media (max-width: 640px) {
    [data-testid="stMainBlockContainer"] { padding-top: 3.25rem; }
    [data-testid="stMain"] [data-testid="stHeading"] h1 { padding: 0; }
    [data-testid="stHorizontalBlock"]:has(> * > [data-testid="stMetric"]) { row-gap: 0.5rem; }
}
/* Where the keyboard is. */
:is(.stPageLink a, [data-testid="stSidebarNavLink"]):focus-visible {
    outline: 2px solid currentColor; outline-offset: 2px;
}
/* Under a finger whatever is pressed is 44 px wide and high. */
@media (pointer: coarse) {
    [data-testid="stMain"] :is(.stButton, .stDownloadButton, .stPopover, [data-testid="stButtonGroup"]) button {
        min-height: 2.75rem; min-width: 2.75rem;
    }
}
/* Whoever asked for less motion sees none, neither of ours nor of Streamlit's. */
@media (prefers-reduced-motion: reduce) {
    *, ::before, ::after {
        animation-duration: 1ms !important; animation-delay: 0s !important; animation-iteration-count: 1 !important;
        transition-duration: 0s !important; transition-delay: 0s !important; scroll-behavior: auto !important;
    }
}
/* Plotly's greys are fixed. */
.js-plotly-plot :is(.xtick, .ytick, .y2tick, .barlayer, .waterfalllayer) text,
.js-plotly-plot :is(.legend, .annotation, .g-xtitle, .g-ytitle) text {
    fill: currentColor !important;
}
</style>"""
)


def apply() -> None:
    """Once on every page, outside of fragments."""
    st.html(STYLE)
