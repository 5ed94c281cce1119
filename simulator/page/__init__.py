"""The simulator's page: the phones, the account, the faults and what arrived.

The page is static but for its language; it draws everything else from `/sim/state`.
"""

from html import escape
import json
from pathlib import Path
from string import Template

from aiohttp import web

HERE = Path(__file__).parent
LANGUAGES = ("en", "tr")
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
CONTENT_TYPES = {"page.css": "text/css", "page.js": "text/javascript"}


def add_page(app: web.Application) -> None:
    """Serve the page in each language, its style and its script."""
    pages = {language: _rendered(language) for language in LANGUAGES}

    async def page(incoming: web.Request) -> web.Response:
        """Serve the page in the reader's language."""
        language = incoming.query.get("lang") or preferred_language(
            incoming.headers.get("Accept-Language", "")
        )
        return web.Response(
            text=pages.get(language, pages["en"]),
            content_type="text/html",
            charset="utf-8",
            headers={
                "Content-Security-Policy": CONTENT_SECURITY_POLICY,
                "Cache-Control": "no-store",
                "Vary": "Accept-Language",
            },
        )

    async def asset(incoming: web.Request) -> web.Response:
        """Serve the style or the script."""
        name = incoming.match_info["name"]
        return web.Response(
            text=(HERE / name).read_text(encoding="utf-8"),
            content_type=CONTENT_TYPES[name],
            charset="utf-8",
            headers={"Cache-Control": "no-cache"},
        )

    app.router.add_get("/", page)
    app.router.add_get("/sim/{name:page\\.(?:css|js)}", asset)


def preferred_language(accepted: str) -> str:
    """Return the page's language that an Accept-Language header likes best."""
    best, best_weight = LANGUAGES[0], 0.0
    for choice in accepted.lower().split(","):
        tag, _, quality = choice.strip().partition(";q=")
        language = tag.partition("-")[0]
        weight = _weight(quality)
        if language in LANGUAGES and weight > best_weight:
            best, best_weight = language, weight
    return best


def _weight(quality: str) -> float:
    """Return how much a language is liked; 1 when nothing is said."""
    try:
        return float(quality or 1)
    except ValueError:
        return 0.0


def _rendered(language: str) -> str:
    """Return the page's HTML with its words put in."""
    words = json.loads((HERE / "words.json").read_text(encoding="utf-8"))[language]
    template = Template((HERE / "page.html").read_text(encoding="utf-8"))
    return template.substitute(
        {key: escape(word) for key, word in words["page"].items()},
        lang=language,
        script_words=json.dumps(words["script"]).replace("<", "\\u003c"),
    )
