"""
Documents as HTML, for looking at them.
"""

from dts_ee.pages.fragment import render_fragment
from dts_ee.pages.page import render_page

__all__ = ["render_fragment", "render_page"]
