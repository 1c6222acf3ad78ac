"""Columns of text as Go's tabwriter and kubectl's tables align them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.gotext import tabwriter

CELLS = st.text(st.characters(exclude_characters="\t\n\f\v\r", exclude_categories=["Cs"]), max_size=8)


def test_a_table_is_aligned_as_kubectl_get_does():
    rows = [
        ["NAME", "READY", "STATUS", "AGE"],
        ["after", "1/1", "Running", "8s"],
        ["before", "0/1", "ErrImagePull", "12s"],
    ]
    assert tabwriter.format(rows) == (
        "NAME     READY   STATUS         AGE\nafter    1/1     Running        8s\nbefore   0/1     ErrImagePull   12s\n"
    )


def test_columns_are_at_least_six_wide_and_only_the_last_cell_is_not_padded():
    assert tabwriter.format([["a", "1/1", ""], ["b", "0/1", "x"]]) == "a     1/1   \nb     0/1   x\n"


def test_no_rows_are_no_text():
    assert tabwriter.format([]) == ""


def test_rows_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="zip"):
        tabwriter.format([["a", "b"], ["c"]])


def test_characters_count_one_each():
    assert tabwriter.format([["größe", "1"], ["日本", "2"]]) == "größe   1\n日本      2\n"


def test_a_watch_remembers_its_widths():
    widths: list[int] = []
    first = tabwriter.format([["NAME", "STATUS", "AGE"], ["w", "ContainerCreating", "0s"]], widths=widths)
    second = tabwriter.format([["w", "Running", "1s"]], widths=widths)
    third = tabwriter.format([["longer-name", "Running", "1s"]], widths=widths)
    assert first + second + third == (
        "NAME   STATUS              AGE\n"
        "w      ContainerCreating   0s\n"
        "w      Running             1s\n"
        "longer-name   Running             1s\n"
    )


def test_described_text_aligns_runs_of_consecutive_lines():
    text = (
        "Name:\tprivate-pod\nLabels:\t<none>\nIPs:\n  IP:\t10.244.1.50\n"
        "Conditions:\n  Type\tStatus\n  Initialized \tTrue \n"
        "Events:\n  Type\tReason\tAge\n  ----\t------\t----\n  Normal\tScheduled\t8s\n"
    )
    assert tabwriter.align(text) == (
        "Name:    private-pod\nLabels:  <none>\nIPs:\n  IP:  10.244.1.50\n"
        "Conditions:\n  Type          Status\n  Initialized   True \n"
        "Events:\n  Type    Reason     Age\n  ----    ------     ----\n  Normal  Scheduled  8s\n"
    )


def test_a_shorter_line_ends_only_the_columns_that_it_lacks():
    assert tabwriter.align("a\tb\tc\nlong\tx\na\tbbbb\tc\n") == "a     b  c\nlong  x\na     bbbb  c\n"


def test_a_form_feed_ends_all_columns():
    assert tabwriter.align("a\tb\flonger\tb") == "a  b\nlonger  b"


@given(st.integers(1, 5).flatmap(lambda n: st.lists(st.lists(CELLS, min_size=n, max_size=n), min_size=1)))
def test_format_and_align_agree_on_rows_of_equal_length(rows):
    text = "".join("\t".join(row) + "\n" for row in rows)
    assert tabwriter.format(rows) == tabwriter.align(text, minwidth=6, padding=3)
