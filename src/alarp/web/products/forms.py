"""What does the register ask? Products, versions, intended use, device status, documents, claims."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms

from alarp.kernel import Tier
from alarp.records.people.models import Organisation
from alarp.records.products.models import SupplierDocument
from alarp.standards.products import load_device_terms, load_document_kinds, load_statements
from alarp.web.fields import DateField
from alarp.web.forms import TextForm

KINDS = (  # of alarp.evaluation, which brings scipy; a reader study is a way of testing, not a tool
    "detection", "triage", "localisation", "contouring", "measurement", "prediction", "operational", "enhancement",
    "dose",
)  # fmt: skip
MOST_BYTES = 50 * 2**20
SHORT = {"rows": 2}
RULES = (
    ("modalities", "Modalities", "DICOM codes, with commas between them, such as CR, DX"),
    ("body_parts", "Body parts", "As the scanners write them, such as CHEST, ABDOMEN"),
    ("views", "Views", "Such as PA; leave empty where it does not matter"),
)


class ProductForm(TextForm):
    supplier = forms.ModelChoiceField(
        Organisation.objects.filter(tier=Tier.SUPPLIER.value).order_by("name"),
        label="Who supplies it?",
        to_field_name="slug",
        required=False,
        empty_label="A supplier that is not listed",
    )
    new_supplier = forms.CharField(label="Name of the new supplier", max_length=200, required=False)
    name = forms.CharField(label="Name of the product", max_length=120)
    slug = forms.SlugField(
        label="Short name for addresses",
        help_text="Lower-case letters, digits and hyphens, such as noduleflag. It never changes.",
        max_length=50,
    )
    kind = forms.ChoiceField(
        label="What does it do?",
        choices=[(kind, kind.capitalize()) for kind in KINDS],
        help_text="It decides how the tool is evaluated.",
    )
    summary = forms.CharField(
        label="What it does, in one or two plain sentences",
        widget=forms.Textarea(attrs=SHORT),
        required=False,
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not given.get("supplier") and not given.get("new_supplier"):
            self.add_error("supplier", "Choose the supplier, or name a new one below.")
        if given.get("supplier") and given.get("new_supplier"):
            self.add_error("new_supplier", "Choose a supplier or name a new one, not both.")
        return given

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if slug == "register":
            raise forms.ValidationError("'register' is an address of its own. Choose another short name.")
        return slug


class IntendedUseForm(TextForm):
    """The statements that are asked: those of a new version, or those that are missing of an old one."""

    screening_committee = forms.CharField(
        label="National Screening Committee",
        help_text="For screening: which recommendation, of which year, covers this use?",
        max_length=200,
        required=False,
    )

    def __init__(self, *args: Any, asked: Iterable[str] = (), committee: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        wanted = set(asked)
        for item in load_statements():
            if item.slug in wanted:
                self.fields[item.slug] = forms.CharField(
                    label=item.title,
                    help_text=item.question,
                    widget=forms.Textarea(attrs=SHORT),
                    required=False,
                )
        if not committee:
            del self.fields["screening_committee"]
        else:
            self.fields["screening_committee"] = self.fields.pop("screening_committee")

    def statements(self) -> dict[str, str]:
        names = {item.slug for item in load_statements()}
        return {name: text for name, text in self.cleaned_data.items() if name in names}


class VersionForm(IntendedUseForm):
    number = forms.CharField(
        label="Version, as the software itself says it", max_length=40, help_text="Such as 2.1.0"
    )
    released_on = DateField(label="Released on", required=False)
    fingerprint = forms.CharField(
        label="SHA-256 of the software or of its manifest", max_length=64, required=False
    )
    modalities = forms.CharField(label=RULES[0][1], help_text=RULES[0][2])
    body_parts = forms.CharField(label=RULES[1][1], help_text=RULES[1][2])
    views = forms.CharField(label=RULES[2][1], help_text=RULES[2][2], required=False)
    age_min_years = forms.IntegerField(label="From which age?", min_value=0, max_value=130, required=False)
    age_max_years = forms.IntegerField(label="Up to which age?", min_value=0, max_value=130, required=False)
    screening = forms.BooleanField(label="It is meant for screening people without symptoms", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, asked=[item.slug for item in load_statements()], **kwargs)
        first = ("number", "released_on", "fingerprint")
        statements = tuple(item.slug for item in load_statements())
        rules = ("modalities", "body_parts", "views", "age_min_years", "age_max_years")
        self.order_fields([*first, *statements, *rules, "screening", "screening_committee"])

    def use(self) -> dict[str, Any]:
        """The intended use as the register keeps it; a blank statement becomes a question to the supplier."""
        given = self.cleaned_data
        rules: dict[str, Any] = {}
        for name, _, _ in RULES:
            if words := [w.strip().upper() for w in given[name].split(",") if w.strip()]:
                rules[name] = words
        for name in ("age_min_years", "age_max_years"):
            if given[name] is not None:
                rules[name] = given[name]
        return {
            **self.statements(),
            "rules": rules,
            "screening": given["screening"],
            "screening_committee": given["screening_committee"],
        }


class DeviceForm(TextForm):
    device_class = forms.ChoiceField(
        label="Device class",
        choices=[(c.slug, c.title) for c in load_device_terms("classes")],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose the device class."},
    )
    market_route = forms.ChoiceField(
        label="Route to the market",
        choices=[(c.slug, c.title) for c in load_device_terms("routes")],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose the route to the market."},
    )
    registration = forms.CharField(label="MHRA registration number", max_length=60, required=False)
    gmdn = forms.CharField(label="GMDN code", max_length=20, required=False)
    udi = forms.CharField(label="UDI device identifier", max_length=80, required=False)
    responsible = forms.CharField(label="UK responsible person", max_length=200, required=False)


class DocumentForm(TextForm):
    kind = forms.ChoiceField(label="What is it?")
    reference = forms.CharField(
        label="Its number or reference", help_text="So that somebody else can look it up.", max_length=120
    )
    issuing_body = forms.CharField(label="Who issued it?", max_length=200, required=False)
    checked_against = forms.CharField(
        label="Where did you look it up?",
        help_text="The register or list you checked, not the supplier's word.",
        max_length=200,
        required=False,
    )
    valid_from = DateField(label="Valid from", required=False)
    valid_to = DateField(
        label="Valid until",
        help_text="Left empty, the usual time of such a document counts from its first day.",
        required=False,
    )
    document = forms.FileField(label="The document itself", help_text="At most 50 MB.", required=False)
    supersedes = forms.ModelChoiceField(
        SupplierDocument.objects.none(),
        label="Does it correct one that was recorded wrong?",
        help_text="A renewal stands beside the old one; only a wrong or withdrawn one is replaced.",
        required=False,
        empty_label="No, it stands beside what is here",
    )

    def __init__(self, *args: Any, documents: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(kind.slug, kind.title) for kind in load_document_kinds()]
        self.fields["supersedes"].queryset = documents
        self.fields["supersedes"].label_from_instance = lambda row: (
            f"{row.kind.replace('-', ' ')} {row.reference}"
        )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        document = given.get("document")
        if document is not None and document.size > MOST_BYTES:
            self.add_error("document", "The document is larger than 50 MB. Send a smaller one.")
        return given


class ClaimForm(TextForm):
    text = forms.CharField(
        label="What do they claim?", help_text="One sentence, in their words.", max_length=300
    )
    source = forms.CharField(
        label="Where did they claim it?", help_text="Document and page, web page and day.", max_length=300
    )
    about = forms.ChoiceField(
        label="What is it about?",
        choices=[
            ("performance", "How well the tool finds or draws"),
            ("effect", "What changes for patients or the service"),
        ],
        widget=forms.RadioSelect,
        initial="performance",
    )
    measure = forms.CharField(
        label="Measure",
        help_text="As an evaluation names it: sensitivity, specificity, auc, dice, surface_dice, hd95_mm.",
        max_length=60,
        required=False,
    )
    side = forms.ChoiceField(
        label="The figure is", choices=[("at_least", "At least"), ("at_most", "At most")], initial="at_least"
    )
    figure = forms.FloatField(label="Figure", help_text="A share as 0.95, not 95 %.", required=False)
    subgroup = forms.CharField(
        label="For which group?",
        help_text="'all', or a group as an evaluation names it, such as liver.",
        max_length=80,
        required=False,
    )
    population = forms.CharField(label="For which patients?", max_length=300, required=False)
    threshold = forms.CharField(label="At which threshold or tolerance?", max_length=120, required=False)
