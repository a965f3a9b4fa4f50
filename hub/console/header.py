"""The headers of every answer: nothing is loaded from elsewhere, framed, sniffed or kept in a cache."""

from __future__ import annotations

from flask import request
from flask.wrappers import Response

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
STATIC = ("console.static", "console.show_plugged_file")
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "X-Robots-Tag": "noindex",
}


def protect(response: Response) -> None:
    """Adds the headers. Static files carry their version in the address and may be kept for ever."""
    for name, value in HEADERS.items():
        response.headers[name] = value
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    is_static = request.endpoint in STATIC and "v" in request.args and response.status_code == 200
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if is_static else "no-store"
