"""Texts that a stranger might send in a link, a name or a file, to reach further than a text should."""

HOST = "evil.example"

PAYLOADS = (
    f"[Session expired: sign in](https://{HOST}/a)",
    f"![x](http://{HOST}/b.png)",
    f"https://{HOST}/c",
    f"see www.{HOST}/d now",
    f"sign.in@{HOST}",
    f"<https://{HOST}/e>",
    f"<img src=http://{HOST}/f.png onerror=alert(1)><script>alert(1)</script>",
    f"<a href='https://{HOST}/g'>sign in</a>",
    f"[r]: https://{HOST}/h",
    ":material/star: :red[alarm] :blue-badge[new] :smile: :streamlit:",
    "$\\href{https://evil.example/i}{x}$ and $$y$$",
    "1. - # > head",
    "# heading",
    "> quote",
    "- item",
    "=== --- ***",
    f"\\[x](https://{HOST}/j)",
    f"http:\u200b//{HOST}/k and www\u2060.{HOST}",
    f"two\n\n![lines](http://{HOST}/l.png)\n- of text",
    f"\u202egnp.m/elpmaxe.live//:ptth\u202c ](https://{HOST}/m)",
    f"%{{x}} {{y}} **b** _c_ ~~d~~ `e` | f | &lt;b&gt; xmpp:a@{HOST}/n mailto:a@{HOST}",
)
"""Links, images, autolinks, addresses, HTML, icons, colours, emoji, mathematics, lists, headings, line breaks,
escapes of escapes, and marks that turn the line round."""
