"""
Documents as HTML, for looking at them.
"""

from dts_ee.pages.page import render_page

__all__ = ["render_page"]
