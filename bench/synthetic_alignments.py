#!/usr/bin/env python3
"""Deep alignments made from real chains, to time data pipelines on.

    bench/synthetic_alignments.py --data DIR --chains 1a8o_A [...] --rows 1000 --output alignments [--seed 1]

Reads the chains' sequences from mmCIF files (Biopython), and writes OUTPUT/<chain>/synthetic.a3m: the sequence, and
rows - 1 mutants of it. A mutant keeps 20 to 95 % of the residues, the others are drawn from the residue frequencies of
UniProt; one in four has its ends cut to gaps, gaps and insertions (lower case) come in stretches of 1 to 10.
"""
import argparse
import os
import random
import sys

FREQUENCIES = {"A": 8.25, "R": 5.53, "N": 4.06, "D": 5.46, "C": 1.38, "Q": 3.93, "E": 6.72, "G": 7.07, "H": 2.27,
               "I": 5.91, "L": 9.65, "K": 5.80, "M": 2.41, "F": 3.86, "P": 4.74, "S": 6.65, "T": 5.36, "W": 1.10,
               "Y": 2.92, "V": 6.86}


def sequence_of(path, chain):
    from Bio.Data.PDBData import protein_letters_3to1_extended as letters
    from Bio.PDB.MMCIF2Dict import MMCIF2Dict
    table = MMCIF2Dict(path)
    sequences = {}
    for entity, number, residue in zip(table["_entity_poly_seq.entity_id"], table["_entity_poly_seq.num"],
                                       table["_entity_poly_seq.mon_id"]):
        sequences.setdefault(entity, {}).setdefault(int(number), letters.get(residue, "X"))
    for label, entity, author in zip(table["_atom_site.label_asym_id"], table["_atom_site.label_entity_id"],
                                     table["_atom_site.auth_asym_id"]):
        if author == chain and entity in sequences:
            return "".join(letter for _, letter in sorted(sequences[entity].items()))
    sys.exit(f"{path}: no protein chain {chain}")


def mutant(sequence, draw):
    kept = draw.uniform(0.20, 0.95)
    residues, weights = list(FREQUENCIES), list(FREQUENCIES.values())
    row = [c if draw.random() < kept else draw.choices(residues, weights)[0] for c in sequence]
    length = len(row)
    if draw.random() < 0.25:
        start, end = sorted((draw.randrange(length + 1), draw.randrange(length + 1)))
        if end - start > 10:
            row[:start], row[end:] = ["-"] * start, ["-"] * (length - end)
    for _ in range(draw.randrange(4)):
        start = draw.randrange(length)
        for place in range(start, min(length, start + draw.randint(1, 10))):
            row[place] = "-"
    for _ in range(draw.randrange(3)):
        row[draw.randrange(length)] += "".join(draw.choices(residues, weights, k=draw.randint(1, 10))).lower()
    return "".join(row)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--chains", nargs="+", required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for name in options.chains:
        entry, chain = name.rsplit("_", 1)
        sequence = sequence_of(os.path.join(options.data, entry + ".cif"), chain)
        draw = random.Random(f"{options.seed} {name} {options.rows}")
        folder = os.path.join(options.output, name)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "synthetic.a3m"), "w") as file:
            file.write(f">query\n{sequence}\n")
            for number in range(1, options.rows):
                file.write(f">row{number}\n{mutant(sequence, draw)}\n")
        print(f"{folder}: {options.rows} rows of {len(sequence)} residues")


if __name__ == "__main__":
    main()
