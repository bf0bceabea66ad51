// From backbone frames and torsion angles to atoms, and between atom14 and atom37 (AlphaFold 2 supplement, algorithm 24
// and section 1.2.1; openfold/utils/feats.py, openfold/data/data_transforms.py).
#pragma once

#include <ATen/core/Tensor.h>

#include <utility>

namespace foldperf::trainer {

// The literature frames and atom positions of a batch's residues, gathered once and used for every structure block.
class ResidueGeometry {
 public:
  // aatype [*, N] int64; dtype and device of the results are those of `like` (at least float32).
  ResidueGeometry(const at::Tensor& aatype, const at::Tensor& like);

  // backbone [*, N, 4, 4] and angles [*, N, 7, 2] (sine, cosine of omega, phi, psi, chi1 to chi4) give the frames of
  // the eight rigid groups [*, N, 8, 4, 4]. Dimensions before those of aatype (structure blocks) broadcast.
  [[nodiscard]] at::Tensor group_frames(const at::Tensor& backbone, const at::Tensor& angles) const;
  // Frames [*, N, 8, 4, 4] to atom positions [*, N, 14, 3], zeros where a residue has no such atom.
  [[nodiscard]] at::Tensor atom14_positions(const at::Tensor& frames) const;

 private:
  at::Tensor default_frames_;  // [*, N, 8, 4, 4]
  at::Tensor atoms_;           // [*, N, 32, 14]: homogeneous positions, one row block for each rigid group
};

// atom14 [*, N, 14, 3], residx_atom37_to_atom14 [*, N, 37] int64, atom37_atom_exists [*, N, 37] give [*, N, 37, 3].
at::Tensor atom14_to_atom37(const at::Tensor& atom14, const at::Tensor& residx_atom37_to_atom14,
                            const at::Tensor& atom37_atom_exists);

// CB, or CA for glycine: aatype [*, N], positions [*, N, 37, 3] give [*, N, 3]; with the mask [*, N, 37] also [*, N].
at::Tensor pseudo_beta(const at::Tensor& aatype, const at::Tensor& atom37_positions);
std::pair<at::Tensor, at::Tensor> pseudo_beta(const at::Tensor& aatype, const at::Tensor& atom37_positions,
                                              const at::Tensor& atom37_mask);

// What a sequence says about its atoms, for aatype [*, N] (OpenFold: make_atom14_masks).
struct AtomMasks {
  at::Tensor residx_atom14_to_atom37;  // [*, N, 14] int64
  at::Tensor residx_atom37_to_atom14;  // [*, N, 37] int64
  at::Tensor atom14_atom_exists;       // [*, N, 14] float32
  at::Tensor atom37_atom_exists;       // [*, N, 37] float32
};
AtomMasks atom_masks(const at::Tensor& aatype);

}  // namespace foldperf::trainer
