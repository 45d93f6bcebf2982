"""The ledger of claims as CSV and LaTeX."""

import csv
import io

from command_line import hopsim_cli

from hopsim.claims.tables import as_csv, as_latex, in_latex, TITLES


CHECK = {
    "statement": "E(v, h) <= E(v) & 50 % of |x|_1",
    "source": "KH21, eq. 4",
    "expected": ">= 0",
    "measured": '3, "three"',
    "error": "+- 1",
    "samples": "4 sets",
    "tolerance": "1e-3",
    "passed": True,
}
CLAIM = {
    "id": "CL-1",
    "title": "energies",
    "source": "KH21",
    "seconds": 1.25,
    "error": "",
    "checks": [CHECK, CHECK | {"passed": False}],
}
CRASHED = CLAIM | {"id": "CL-2", "error": "crashed", "checks": []}
REPORT = {"claims": [CLAIM, CRASHED]}


def test_csv_has_a_row_for_each_check():
    rows = list(csv.DictReader(io.StringIO(as_csv(REPORT))))
    assert [*rows[0]] == [*TITLES]
    assert [row["verdict"] for row in rows] == ["pass", "FAIL", "ERROR"]
    assert rows[0]["measured"] == '3, "three" +- 1; 4 sets'
    assert [row["seconds"] for row in rows] == ["1.2", "", "1.2"]


def test_latex_prints_what_is_said():
    lines = as_latex(REPORT).splitlines()
    assert lines[0].startswith(r"\begin{longtable}{lp{0.36\linewidth}")
    assert lines[-1] == r"\end{longtable}"
    told = r"E(v, h) \textless{}= E(v) \& 50 \% of \textbar{}x\textbar{}\_1"
    assert sum(told in line for line in lines) == 2
    assert in_latex("a\\b~c^d  {e}") == (
        r"a\textbackslash{}b\textasciitilde{}c\textasciicircum{}d \{e\}"
    )
    for line in lines[5:8]:
        assert line.replace(r"\&", "").count("&") == 4


def test_a_table_has_one_form():
    result = hopsim_cli("verify", "cl-01", "--csv", "--latex")
    assert result.exit_code == 2
    assert "give one" in result.stderr
