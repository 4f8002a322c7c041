"""What a tool drew, laid over the picture it belongs to and over no other."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from alarp.web.viewer.drawings import drawing_of
from alarp.web.viewer.overlays import (
    Contour,
    Drawing,
    Finding,
    Structure,
    finding_path,
    shapes_on,
)
from alarp.web.viewer.planes import Plane

PLANE = Plane((0.0, 0.0, 10.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), 1.0, 1.0)
SQUARE = ((1.0, 1.0, 10.0), (3.0, 1.0, 10.0), (3.0, 3.0, 10.0), (1.0, 3.0, 10.0))


def liver(sop_uid: str) -> Drawing:
    return Drawing(structures=(Structure(1, "Liver", (Contour(SQUARE, sop_uid),)),))


def test_a_contour_in_millimetres_becomes_a_path_in_pixels() -> None:
    (shape,) = shapes_on(liver("1.2.3"), names={"1.2.3"}, plane=PLANE)
    assert shape.label == "Liver"
    assert shape.path == "M1.50 1.50 L3.50 1.50 L3.50 3.50 L1.50 3.50 Z"


def test_a_contour_that_names_another_picture_is_not_drawn_here() -> None:
    assert shapes_on(liver("1.2.3"), names={"1.2.4"}, plane=PLANE) == ()


def test_a_contour_is_found_under_the_pseudonymous_name_it_was_sent_under() -> None:
    assert shapes_on(liver("2.25.99"), names={"1.2.3", "2.25.99"}, plane=PLANE)


def test_a_contour_without_a_picture_is_drawn_where_it_lies() -> None:
    above = Plane((0.0, 0.0, 12.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), 1.0, 1.0)
    assert shapes_on(liver(""), names={"x"}, plane=PLANE, half_gap_mm=1.0)
    assert shapes_on(liver(""), names={"x"}, plane=above, half_gap_mm=1.0) == ()


def test_two_contours_of_one_structure_are_one_shape_so_that_holes_stay_holes() -> None:
    structure = Structure(1, "Liver", (Contour(SQUARE, "1"), Contour(SQUARE[:3], "1")))
    (shape,) = shapes_on(Drawing(structures=(structure,)), names={"1"}, plane=PLANE)
    assert shape.path.count("M") == 2


def test_a_contour_without_a_plane_is_left_out_but_a_finding_in_pixels_is_drawn() -> None:
    finding = Finding("Nodule", "CIRCLE", ((10.0, 20.0), (13.0, 24.0)), "1")
    shapes = shapes_on(
        Drawing(structures=liver("1").structures, findings=(finding,)), names={"1"}, plane=None
    )
    assert [s.label for s in shapes] == ["Nodule"]


def test_a_circle_is_drawn_round_its_centre_through_its_edge() -> None:
    # centre (10, 20), edge (13, 24): radius 5
    path = finding_path("CIRCLE", ((10.0, 20.0), (13.0, 24.0)))
    assert path == "M5.00 20.00 A5.00 5.00 0.00 0 1 15.00 20.00 A5.00 5.00 0.00 0 1 5.00 20.00 Z"


def test_an_ellipse_is_drawn_from_the_ends_of_its_axes() -> None:
    path = finding_path("ELLIPSE", ((0.0, 5.0), (20.0, 5.0), (10.0, 1.0), (10.0, 9.0)))
    assert path.startswith("M0.00 5.00 A10.00 4.00 0.00 0 1 20.00 5.00")


def test_a_polyline_that_ends_where_it_began_is_closed() -> None:
    assert finding_path("POLYLINE", ((0, 0), (4, 0), (4, 4), (0, 0))) == "M0.00 0.00 L4.00 0.00 L4.00 4.00 Z"
    assert finding_path("POLYLINE", ((0, 0), (4, 0))) == "M0.00 0.00 L4.00 0.00"


def test_a_point_is_drawn_as_a_cross() -> None:
    assert finding_path("POINT", ((50.0, 60.0),)) == "M44.00 60.00 H56.00 M50.00 54.00 V66.00"


@pytest.mark.parametrize("kind", ["SPIRAL", "", "CIRCLE"])
def test_a_graphic_we_cannot_draw_draws_nothing(kind: str) -> None:
    assert finding_path(kind, ((1.0, 1.0),)) == ""


def code(meaning: str) -> Sequence:
    item = Dataset()
    item.CodeMeaning = meaning
    item.CodeValue = "1"
    return Sequence([item])


def content(kind: str, name: str, *children: Dataset, **fields: object) -> Dataset:
    item = Dataset()
    item.ValueType = kind
    item.RelationshipType = "CONTAINS"
    item.ConceptNameCodeSequence = code(name)
    for keyword, value in fields.items():
        setattr(item, keyword, value)
    if children:
        item.ContentSequence = Sequence(children)
    return item


def report() -> Dataset:
    """A measurement report with one nodule: what NoduleFlag sends back, in small."""
    image = Dataset()
    image.ReferencedSOPInstanceUID = "2.25.7"
    selected = content("IMAGE", "Source", ReferencedSOPSequence=Sequence([image]))
    region = content(
        "SCOORD", "Image Region", selected, GraphicType="CIRCLE", GraphicData=[100.0, 50.0, 110.0, 50.0]
    )
    value = Dataset()
    value.NumericValue = "0.9312"
    value.MeasurementUnitsCodeSequence = code("no units")
    score = content("NUM", "Probability", MeasuredValueSequence=Sequence([value]))
    finding = content("CODE", "Finding", ConceptCodeSequence=code("Nodule"))
    group = content("CONTAINER", "Measurement Group", finding, region, score)
    observer = content("TEXT", "Person Observer Name", TextValue="Somebody")
    observer.RelationshipType = "HAS OBS CONTEXT"
    root = content("CONTAINER", "Imaging Measurement Report", observer, group)
    root.Modality = "SR"
    return root


def test_a_report_s_region_carries_its_finding_its_numbers_and_its_picture() -> None:
    (finding,) = drawing_of(report()).findings
    assert (finding.label, finding.kind, finding.sop_uid) == ("Nodule", "CIRCLE", "2.25.7")
    assert finding.points == ((100.0, 50.0), (110.0, 50.0))
    assert finding.measurements == ("Probability 0.9312",)


def test_a_report_s_statements_leave_out_who_observed() -> None:
    assert drawing_of(report()).statements == ("Finding: Nodule", "Probability 0.9312")


def test_a_structure_set_keeps_names_numbers_and_referenced_pictures() -> None:
    ds = Dataset()
    ds.Modality = "RTSTRUCT"
    roi = Dataset()
    roi.ROINumber, roi.ROIName = 4, "Liver"
    ds.StructureSetROISequence = Sequence([roi])
    image = Dataset()
    image.ReferencedSOPInstanceUID = "1.2.3"
    contour = Dataset()
    contour.ContourImageSequence = Sequence([image])
    contour.ContourGeometricType = "CLOSED_PLANAR"
    contour.ContourData = [1, 1, 10, 3, 1, 10, 3, 3, 10]
    drawn = Dataset()
    drawn.ReferencedROINumber = 4
    drawn.ContourSequence = Sequence([contour])
    ds.ROIContourSequence = Sequence([drawn])
    (structure,) = drawing_of(ds).structures
    assert (structure.number, structure.name) == (4, "Liver")
    assert structure.contours[0].sop_uid == "1.2.3"
    assert structure.contours[0].points_mm[2] == (3.0, 3.0, 10.0)
    assert drawing_of(ds).named_images == {"1.2.3"}


def test_a_kind_of_result_that_is_not_drawn_gives_an_empty_drawing() -> None:
    ds = Dataset()
    ds.Modality = "SEG"
    assert drawing_of(ds) == Drawing()
