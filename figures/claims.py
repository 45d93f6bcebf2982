"""Puts what `hopsim verify` found into figures/claims/ and the table of the README.

`hopsim verify --full && python figures/claims.py` (or give the directory of --out).
"""

import json
import shutil
import sys
from pathlib import Path


HERE = Path(__file__).parent
BEGIN, END = "<!-- claims: begin -->\n", "<!-- claims: end -->\n"


def main(place: Path) -> None:
    """Pictures, their page, and the table of the README, from one ledger."""
    book = json.loads((place / "ledger.json").read_text(encoding="utf-8"))
    # a ledger tells of all that is kept, quick runs and changed claims as well
    whole = lambda claim: claim["size"] == "full" and not claim["changed"]
    book["claims"] = list(filter(whole, book["claims"]))
    target = HERE / "claims"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for claim in book["claims"]:
        for picture in claim["pictures"]:
            source = place / claim["directory"] / picture
            shutil.copyfile(source, target / f"{claim['name']}-{picture}")
    (target / "README.md").write_text(page(book), encoding="utf-8")
    readme = HERE.parent / "README.md"
    text = readme.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    tail = rest.split(END)[1]
    readme.write_text(head + BEGIN + summary(book) + END + tail, encoding="utf-8")


def cells(*words: object) -> str:
    """One row of a table."""
    return "| " + " | ".join(str(w).replace("|", "\\|") for w in words) + " |\n"


def summary(book: dict) -> str:
    """One row for each scenario file: what is claimed, and how many checks hold."""
    rows = cells("claim", "statement", "checks that hold", "s")
    rows += cells("---", "---", "---", "---:")
    for claim in book["claims"]:
        held = sum(check["passed"] for check in claim["checks"])
        link = f"[{claim['id']}](figures/claims/README.md#{claim['name']})"
        share = f"{held} of {len(claim['checks'])}"
        rows += cells(link, claim["statement"], share, f"{claim['seconds']:.0f}")
    return rows


def page(book: dict) -> str:
    """Every claim with its checks and pictures."""
    versions = ", ".join(f"{k} {v}" for k, v in book["versions"].items())
    text = (
        "# Claims\n\nMade by `hopsim verify --full && python figures/claims.py`: "
        f"{sum(claim['passed'] for claim in book['claims'])} of "
        f"{len(book['claims'])} hold; hopsim {book['hopsim']}, "
        f"{versions}; {book['device']}.\n"
    )
    for claim in book["claims"]:
        text += (
            f"\n## {claim['name']}\n\n**{claim['id']}** {claim['statement']} "
            f"[{claim['source']}] Fails for a true claim with a probability of at most "
            f"{claim['false_alarm']:g}.\n\n"
        )
        text += cells(
            *("check", "verdict", "expected", "measured"),
            *("interval", "samples", "tolerance"),
        )
        text += cells(*["---"] * 7)
        for check in claim["checks"]:
            text += cells(
                check["statement"],
                "holds" if check["passed"] else "**fails**",
                check["expected"],
                check["measured"],
                check["error"],
                check["samples"],
                check["tolerance"],
            )
        for picture in claim["pictures"]:
            text += f"\n![{claim['name']}]({claim['name']}-{picture})\n"
    return text


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/verify"))
