"""`guard eval`: how well the user's own policy and critic do on texts of which the answers are known."""

from __future__ import annotations

from guard.evaluation.detection import Wish, measure
from guard.evaluation.report import Report

__all__ = ["Report", "Wish", "measure"]
