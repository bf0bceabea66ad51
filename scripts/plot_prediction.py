#!/usr/bin/env python3
"""Draws a prediction's quality along the chain, or training's lDDT-Ca over the steps, as an SVG.

    scripts/plot_prediction.py predictions/1ubi_A.json -o 1ubi_A.svg
    scripts/plot_prediction.py runs/first/metrics.jsonl -o curve.svg

A .json file is one of `foldperf-train predict`: its pLDDT (what the model expects) and, where the structure is known,
its lDDT-Ca (what it reached) of each residue, both from 0 to 100. A .jsonl file is a run's metrics: lDDT-Ca of the
training crops, averaged over neighbouring steps, and of the evaluations, mean and chains. Needs nothing but Python.
"""

import argparse
import json
import math
import pathlib
import sys
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 860, 360
LEFT, RIGHT, TOP, BOTTOM = 62, 18, 60, 48
TEXT, GRID, AXIS = "#333", "#e4e4e4", "#777"
REACHED, EXPECTED = "#1a6fb0", "#d9822b"
# The bands of confidence that AlphaFold's database colours by.
BANDS = [(90, 100, "#0053d6", "very high"), (70, 90, "#65cbf3", "confident"), (50, 70, "#ffdb13", "low"),
         (0, 50, "#ff7d45", "very low")]


class Plot:
    """Axes with a grid; points are given in their units."""

    def __init__(self, title, x_range, y_range, x_title, y_title):
        self.x_range, self.y_range = x_range, y_range
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
            f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
            f'<text x="{LEFT}" y="20" font-size="15" fill="{TEXT}">{escape(title)}</text>',
        ]
        self.axes(x_title, y_title)
        self.legend_x = LEFT

    def x(self, value):
        low, high = self.x_range
        return LEFT + (value - low) / (high - low or 1) * (WIDTH - LEFT - RIGHT)

    def y(self, value):
        low, high = self.y_range
        return HEIGHT - BOTTOM - (value - low) / (high - low or 1) * (HEIGHT - TOP - BOTTOM)

    def axes(self, x_title, y_title):
        bottom = HEIGHT - BOTTOM
        for value in ticks(*self.y_range):
            y = self.y(value)
            self.parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{GRID}"/>')
            self.parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="{TEXT}">{value:g}</text>')
        for value in ticks(*self.x_range):
            x = self.x(value)
            self.parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{bottom}" y2="{bottom + 5}" stroke="{AXIS}"/>')
            self.parts.append(
                f'<text x="{x:.1f}" y="{bottom + 19}" text-anchor="middle" fill="{TEXT}">{value:g}</text>')
        self.parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{bottom}" y2="{bottom}" stroke="{AXIS}"/>')
        middle = (LEFT + WIDTH - RIGHT) / 2
        self.parts.append(
            f'<text x="{middle}" y="{HEIGHT - 10}" text-anchor="middle" fill="{TEXT}">{escape(x_title)}</text>')
        middle = (TOP + bottom) / 2
        self.parts.append(f'<text transform="translate(16 {middle}) rotate(-90)" text-anchor="middle" '
                          f'fill="{TEXT}">{escape(y_title)}</text>')

    def line(self, points, colour, width=1.8, opacity=1.0):
        """A line through the points (x, y); a y of None ends a piece of it."""
        piece = []
        for x, y in list(points) + [(0, None)]:
            if y is not None:
                piece.append((self.x(x), self.y(y)))
                continue
            if len(piece) == 1:
                self.parts.append(f'<circle cx="{piece[0][0]:.1f}" cy="{piece[0][1]:.1f}" r="1.8" fill="{colour}" '
                                  f'opacity="{opacity}"/>')
            elif piece:
                path = " ".join(f"{a:.1f},{b:.1f}" for a, b in piece)
                self.parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}" '
                                  f'stroke-linejoin="round" opacity="{opacity}"/>')
            piece = []

    def dots(self, points, colour, radius=3.0):
        for x, y in points:
            self.parts.append(
                f'<circle cx="{self.x(x):.1f}" cy="{self.y(y):.1f}" r="{radius}" fill="{colour}"/>')

    def band(self, x_from, x_to, colour):
        """A strip of confidence below the title."""
        left, right = self.x(x_from), self.x(x_to)
        self.parts.append(
            f'<rect x="{left:.2f}" y="{TOP - 9}" width="{right - left + 0.2:.2f}" height="6" fill="{colour}"/>')

    def legend(self, text, colour):
        y = 44
        self.parts.append(f'<rect x="{self.legend_x}" y="{y - 8}" width="14" height="3" fill="{colour}"/>')
        self.parts.append(f'<text x="{self.legend_x + 19}" y="{y - 3}" fill="{TEXT}">{escape(text)}</text>')
        self.legend_x += 19 + 6.6 * len(text) + 20

    def svg(self):
        return "\n".join(self.parts) + "\n</svg>\n"


def ticks(low, high, about=8):
    """Round numbers from low to high."""
    if high <= low:
        return [low]
    step = 10 ** math.floor(math.log10((high - low) / about))
    while (high - low) / step > about:
        step *= 2.5 if str(step).lstrip("0.")[0] == "2" else 2
    first = math.ceil(low / step - 1e-9)
    return [round(i * step, 10) for i in range(first, math.floor(high / step + 1e-9) + 1)]


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def plot_prediction(about):
    confidence = about["plddt"]
    if not confidence:
        raise ValueError("has no residues")
    known = about.get("known_structure")
    title = f'{about["chain"]}: {len(confidence)} residues, mean pLDDT {about["mean_plddt"]:.1f}'
    if known and is_number(known.get("lddt_ca")):
        title += (f', lDDT-Ca {100 * known["lddt_ca"]:.1f}, RMSD {known["alignment_rmsd"]:.2f} A, '
                  f'GDT-TS {100 * known["gdt_ts"]:.1f}')
    plot = Plot(title, (1, max(2, len(confidence))), (0, 100), "residue", "lDDT-Ca and pLDDT")
    for number, value in enumerate(confidence, start=1):
        if not is_number(value):
            continue
        colour = next((colour for low, high, colour, _ in BANDS if value >= low), BANDS[-1][2])
        plot.band(max(1, number - 0.5), min(len(confidence), number + 0.5), colour)
    plot.line([(i, v if is_number(v) else None) for i, v in enumerate(confidence, start=1)], EXPECTED)
    plot.legend("pLDDT: what the model expects (strip: its colours of confidence)", EXPECTED)
    if known:
        reached = known["lddt_ca_by_residue"]
        plot.line([(i, 100 * v if is_number(v) else None) for i, v in enumerate(reached, start=1)], REACHED)
        plot.legend("lDDT-Ca: what it reached", REACHED)
    return plot.svg()


def plot_curve(lines):
    training, chains, means = [], {}, []
    for line in lines:
        value = line.get("lddt_ca")
        if not is_number(value):
            continue
        if line.get("kind") == "train":
            training.append((line["step"] + 1, value))
        elif line.get("kind") == "eval":
            chains.setdefault(line["chain"], []).append((line["step"], value))
        elif line.get("kind") == "eval_mean":
            means.append((line["step"], value))
    if not training and not means:
        raise ValueError("has no lDDT-Ca of steps or evaluations")
    last = max(x for x, _ in training + means)
    title = "lDDT-Ca over training"
    if means:
        title += f": {means[-1][1]:.3f} after {means[-1][0]} steps"
        if len(chains) > 1:
            title += f", mean of {len(chains)} chains"
    plot = Plot(title, (0, last), (0, 1), "step", "lDDT-Ca")
    if training:
        window = max(1, len(training) // 100)
        smooth = []
        for i in range(len(training)):
            near = training[max(0, i - window):i + window + 1]
            smooth.append((training[i][0], sum(v for _, v in near) / len(near)))
        plot.line(smooth, EXPECTED)
        plot.legend("training crops" + (f", mean over {2 * window + 1} steps" if window > 1 else ""), EXPECTED)
    if len(chains) > 1:
        for points in chains.values():
            plot.line(points, REACHED, width=0.8, opacity=0.35)
    if means:
        plot.line(means, REACHED, width=2.2)
        plot.dots(means, REACHED)
        plot.legend("evaluation, averaged weights" + (" (thin: chains)" if len(chains) > 1 else ""), REACHED)
    return plot.svg()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=pathlib.Path, help="CHAIN.json of foldperf-train predict, or metrics.jsonl")
    parser.add_argument("-o", "--output", type=pathlib.Path, help="SVG to write; default: the input's name with .svg")
    arguments = parser.parse_args()
    output = arguments.output or arguments.file.with_suffix(".svg")
    try:
        text = arguments.file.read_text(encoding="utf-8")
        if arguments.file.suffix == ".jsonl":
            svg = plot_curve([json.loads(line) for line in text.splitlines() if line.strip()])
        else:
            svg = plot_prediction(json.loads(text))
        output.write_text(svg, encoding="utf-8")
    except OSError as error:
        sys.exit(f"plot_prediction: {error.filename}: {error.strerror}")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"has no {error}" if isinstance(error, KeyError) else str(error)
        sys.exit(f"plot_prediction: {arguments.file}: {reason}")
    print(output)


if __name__ == "__main__":
    main()
