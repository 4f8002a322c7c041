"""A review is issued with the best case against it."""

from __future__ import annotations

from django import forms

from alarp.web.forms import TextForm


class ReviewForm(TextForm):
    counter_argument = forms.CharField(
        label="The best case against the computed decision",
        help_text="What would somebody say who wants the opposite? Begin with the figures above, add what they leave out.",
        widget=forms.Textarea(attrs={"rows": 5}),
        max_length=4000,
        error_messages={"required": "Write the best case against the computed decision."},
    )
