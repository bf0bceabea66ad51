// The amino acids, their atoms and the alphabets of sequences and alignments, as integers: OpenFold's orders
// (openfold/np/residue_constants.py; AlphaFold 2 supplement, section 1.2.1 and table 2). No Torch here.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foldperf::trainer {

inline constexpr int residue_type_count = 20;  // the standard amino acids
inline constexpr int unknown_residue = 20;     // "X", UNK: the 21st row of every table
inline constexpr int gap_residue = 21;         // "-", only in alignments
inline constexpr int mask_residue = 22;        // BERT mask, only in msa_feat
inline constexpr int atom37_count = 37;        // one slot for each heavy-atom name (and OXT)
inline constexpr int atom14_count = 14;        // one slot for each heavy atom of a residue
inline constexpr int rigid_group_count = 8;    // backbone, pre-omega, phi, psi, chi1 to chi4
inline constexpr int chi_count = 4;

// One-letter codes in the order of aatype, then X (20) and the gap (21).
inline constexpr std::string_view residue_letters = "ARNDCQEGHILKMFPSTWYVX-";
// Three-letter codes in the order of aatype, then UNK.
inline constexpr std::array<std::string_view, 21> residue_names = {"ALA", "ARG", "ASN", "ASP", "CYS", "GLN", "GLU",
                                                                   "GLY", "HIS", "ILE", "LEU", "LYS", "MET", "PHE",
                                                                   "PRO", "SER", "THR", "TRP", "TYR", "VAL", "UNK"};
inline constexpr std::array<std::string_view, atom37_count> atom37_names = {
    "N",   "CA",  "C",   "CB",  "O",   "CG", "CG1", "CG2", "OG",  "OG1", "SG", "CD",  "CD1",
    "CD2", "ND1", "ND2", "OD1", "OD2", "SD", "CE",  "CE1", "CE2", "CE3", "NE", "NE1", "NE2",
    "OE1", "OE2", "CH2", "NH1", "NH2", "OH", "CZ",  "CZ2", "CZ3", "NZ",  "OXT"};

// Slots of the backbone in atom37 and in atom14.
namespace atom37 {
inline constexpr int n = 0, ca = 1, c = 2, cb = 3, o = 4;
}
namespace atom14 {
inline constexpr int n = 0, ca = 1, c = 2, o = 3, cb = 4;
}

// aatype of a one-letter code: letters that are no standard amino acid give unknown_residue.
int residue_from_letter(char letter);
// aatype of a three-letter code: names that are no standard amino acid (MSE too) give unknown_residue.
int residue_from_name(std::string_view name);
// One-letter code of a chemical component, modified residues mapped to the amino acid they are made from (MSE gives M);
// 'X' where there is none.
char component_letter(std::string_view component);

// Slot of an atom name in atom37; empty for hydrogens and names of no amino acid.
std::optional<int> atom37_index(std::string_view atom_name);
// Names of the heavy atoms of a residue type in atom14 order (none for unknown_residue).
std::span<const std::string_view> atom14_names(int aatype);
// Slot in atom14 of a residue type; empty where it has no such atom.
std::optional<int> atom14_index(int aatype, std::string_view atom_name);

// Element of a heavy-atom name ('C', 'N', 'O', 'S') and its van der Waals radius in Angstrom.
double van_der_waals_radius(std::string_view atom_name);

// The four atoms of a chi angle (chi in 0..3); empty where the residue type has no such angle.
std::span<const std::string_view> chi_atoms(int aatype, int chi);
// Whether turning the chi angle by pi gives the same molecule (ASP, GLU, PHE, TYR).
bool chi_is_pi_periodic(int aatype, int chi);
// Pairs of atoms whose names are interchangeable (ASP, GLU, PHE, TYR); empty for the others.
std::vector<std::pair<std::string_view, std::string_view>> ambiguous_atoms(int aatype);

// HHblits' alphabet of 22: amino acids in order of their letters, then X (20) and the gap (21). B is read as D, Z as E,
// U as C; J and O as X. Throws nothing: other letters give an empty result, so that the caller can name file and line.
inline constexpr std::string_view hhblits_letters = "ACDEFGHIKLMNPQRSTVWYX-";
std::optional<int> hhblits_from_letter(char letter);
// HHblits' integer to aatype (21 for the gap).
const std::array<int, 22>& hhblits_to_residue();

}  // namespace foldperf::trainer
