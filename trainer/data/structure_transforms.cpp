#include "trainer/data/structure_transforms.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "core/error.hpp"
#include "trainer/data/point.hpp"
#include "trainer/protein/residue_constants.hpp"
#include "trainer/protein/residue_types.hpp"

// Plain loops over residues: the same in tensor operators would be some two hundred calls for tensors of a few
// kilobytes, most of whose time is not spent on numbers. Sums are in the operators' order, so that results are theirs.
namespace foldperf::trainer {

namespace {

constexpr std::int64_t table_rows = unknown_residue + 1;
constexpr float eps = 1e-8F;

at::Tensor floats(std::vector<std::int64_t> shape) { return torch::empty(shape, torch::kFloat32); }
float* data(const at::Tensor& tensor) { return tensor.mutable_data_ptr<float>(); }

// aatype [L], the numbers of which are checked to be rows of the residue tables.
class ResidueTypes {
 public:
  explicit ResidueTypes(const at::Tensor& aatype) : types_(aatype.contiguous()) {
    for (std::int64_t i = 0; i < length(); ++i) {
      if ((*this)[i] < 0 || (*this)[i] >= table_rows)
        throw Error("aatype " + std::to_string((*this)[i]) + " is no residue type");
    }
  }
  [[nodiscard]] std::int64_t length() const { return types_.size(0); }
  std::int64_t operator[](std::int64_t i) const { return types_.const_data_ptr<std::int64_t>()[i]; }

 private:
  at::Tensor types_;
};

// A residue table [21, ...], float32 or int64, by residue type.
template <typename Number>
class Table {
 public:
  explicit Table(const at::Tensor& table)
      : data_(table.const_data_ptr<Number>()), row_(table.numel() / table.size(0)), shape_(table.sizes().vec()) {}
  const Number* operator[](std::int64_t type) const { return data_ + type * row_; }
  // Its rows for these residues [L, ...].
  [[nodiscard]] at::Tensor rows(const ResidueTypes& types) const {
    auto shape = shape_;
    shape.front() = types.length();
    at::Tensor result = torch::empty(shape, c10::CppTypeToScalarType<Number>::value);
    Number* out = result.mutable_data_ptr<Number>();
    for (std::int64_t i = 0; i < types.length(); ++i) out = std::copy_n((*this)[types[i]], row_, out);
    return result;
  }

 private:
  const Number* data_;
  std::int64_t row_;
  std::vector<std::int64_t> shape_;
};
using FloatTable = Table<float>;
using SlotTable = Table<std::int64_t>;

// all_atom_positions [L, 37, 3] and all_atom_mask [L, 37] of a chain.
class Atoms {
 public:
  explicit Atoms(const TensorDict& features)
      : positions_(features.at("all_atom_positions").contiguous()), mask_(features.at("all_atom_mask").contiguous()) {}
  [[nodiscard]] Point position(std::int64_t residue, std::int64_t slot) const {
    return read_point(positions_.const_data_ptr<float>() + (residue * atom37_count + slot) * 3);
  }
  [[nodiscard]] float exists(std::int64_t residue, std::int64_t slot) const {
    return mask_.const_data_ptr<float>()[residue * atom37_count + slot];
  }

 private:
  at::Tensor positions_;
  at::Tensor mask_;
};

// A 4 x 4 matrix whose rotation has these columns, with the signs of the columns.
void write_frame(const Axes& axes, const Point& origin, const std::array<float, 3>& signs, float* out) {
  const std::array<float, 16> matrix = {axes.x.x * signs[0],
                                        axes.y.x * signs[1],
                                        axes.z.x * signs[2],
                                        origin.x,
                                        axes.x.y * signs[0],
                                        axes.y.y * signs[1],
                                        axes.z.y * signs[2],
                                        origin.y,
                                        axes.x.z * signs[0],
                                        axes.y.z * signs[1],
                                        axes.z.z * signs[2],
                                        origin.z,
                                        0,
                                        0,
                                        0,
                                        1};
  std::copy(matrix.begin(), matrix.end(), out);
}

// Sine and cosine of a dihedral angle.
std::array<float, 2> sin_cos_of(const std::array<Point, 4>& atoms) {
  const Axes axes = axes_of(atoms[1], atoms[2], atoms[0], eps);
  const auto along = [&](const Point& axis) { return dot(axis, atoms[3]) + -dot(axis, atoms[2]); };
  const float sine = along(axes.z), cosine = along(axes.y);
  const float norm = std::sqrt(0.0F + sine * sine + cosine * cosine + eps);
  return {sine / norm, cosine / norm};
}

}  // namespace

void make_atom14_masks(TensorDict& features) {
  const ResidueTypes types(features.at("aatype"));
  features["atom14_atom_exists"] = FloatTable(residue_tables::atom14_mask()).rows(types);
  features["atom37_atom_exists"] = FloatTable(residue_tables::atom37_mask()).rows(types);
  features["residx_atom14_to_atom37"] = SlotTable(residue_tables::atom14_to_atom37()).rows(types);
  features["residx_atom37_to_atom14"] = SlotTable(residue_tables::atom37_to_atom14()).rows(types);
}

void make_atom14_positions(TensorDict& features) {
  const ResidueTypes types(features.at("aatype"));
  const Atoms atoms(features);
  const SlotTable slots(residue_tables::atom14_to_atom37()), swaps(residue_tables::atom14_swap());
  const FloatTable masks(residue_tables::atom14_mask());
  const std::int64_t length = types.length(), count = atom14_count;
  const at::Tensor gt_exists = floats({length, count}), gt_positions = floats({length, count, 3});
  const at::Tensor alt_exists = floats({length, count}), alt_positions = floats({length, count, 3});
  for (std::int64_t i = 0; i < length; ++i) {
    const std::int64_t *slot = slots[types[i]], *swap = swaps[types[i]];
    const float* mask = masks[types[i]];
    float *exists = data(gt_exists) + i * count, *positions = data(gt_positions) + i * count * 3;
    for (std::int64_t a = 0; a < count; ++a) {
      exists[a] = mask[a] * atoms.exists(i, slot[a]);
      write_point(exists[a] * atoms.position(i, slot[a]), positions + a * 3);
    }
    for (std::int64_t a = 0; a < count; ++a) {
      data(alt_exists)[i * count + a] = exists[swap[a]];
      std::copy_n(positions + swap[a] * 3, 3, data(alt_positions) + (i * count + a) * 3);
    }
  }
  features["atom14_gt_exists"] = gt_exists;
  features["atom14_gt_positions"] = gt_positions;
  features["atom14_alt_gt_exists"] = alt_exists;
  features["atom14_alt_gt_positions"] = alt_positions;
  features["atom14_atom_is_ambiguous"] = FloatTable(residue_tables::atom14_is_ambiguous()).rows(types);
}

void make_rigid_groups(TensorDict& features) {
  const ResidueTypes types(features.at("aatype"));
  const Atoms atoms(features);
  const SlotTable bases(residue_tables::rigid_group_base_atom37());  // [21, 8, 3]
  const FloatTable masks(residue_tables::rigid_group_mask()), ambiguous(residue_tables::rigid_group_is_ambiguous());
  const std::int64_t length = types.length(), groups = rigid_group_count;
  const at::Tensor frames = floats({length, groups, 4, 4}), alternative = floats({length, groups, 4, 4});
  const at::Tensor gt_exists = floats({length, groups});
  for (std::int64_t i = 0; i < length; ++i) {
    for (std::int64_t g = 0; g < groups; ++g) {
      const std::int64_t *slot = bases[types[i]] + g * 3, place = i * groups + g;
      const Point origin = atoms.position(i, slot[1]);
      const Axes axes = axes_of(atoms.position(i, slot[0]), origin, atoms.position(i, slot[2]), eps);
      // The backbone's frame has C on +x, the tables name the atom on -x.
      const float backbone = g == 0 ? -1.0F : 1.0F;
      // An ambiguous group turned by pi about its x axis has the atoms of the exchanged names.
      const float flip = 1 - 2 * ambiguous[types[i]][g];
      write_frame(axes, origin, {backbone, 1, backbone}, data(frames) + place * 16);
      write_frame(axes, origin, {backbone, flip, backbone * flip}, data(alternative) + place * 16);
      const float exists = std::min({atoms.exists(i, slot[0]), atoms.exists(i, slot[1]), atoms.exists(i, slot[2])});
      data(gt_exists)[place] = exists * masks[types[i]][g];
    }
  }
  features["rigidgroups_gt_frames"] = frames;
  features["rigidgroups_alt_gt_frames"] = alternative;
  features["rigidgroups_gt_exists"] = gt_exists;
  features["rigidgroups_group_exists"] = masks.rows(types);
  features["rigidgroups_group_is_ambiguous"] = ambiguous.rows(types);
}

void make_torsion_angles(TensorDict& features) {
  const ResidueTypes types(features.at("aatype").clamp_max(unknown_residue));
  const Atoms atoms(features);
  const SlotTable chi_slots(residue_tables::chi_atom37());  // [21, 4, 4]
  const FloatTable chi_exists(residue_tables::chi_mask()), periodic(residue_tables::chi_pi_periodic());
  constexpr std::int64_t angles = 3 + chi_count;
  const std::int64_t length = types.length();
  const at::Tensor sin_cos = floats({length, angles, 2}), alternative = floats({length, angles, 2});
  const at::Tensor mask = floats({length, angles});
  constexpr int n = atom37::n, ca = atom37::ca, c = atom37::c, o = atom37::o;
  for (std::int64_t i = 0; i < length; ++i) {
    // The residue before: zeros where there is none.
    const auto before = [&](int slot) { return i == 0 ? Point{} : atoms.position(i - 1, slot); };
    const auto existed = [&](int slot) { return i == 0 ? 0.0F : atoms.exists(i - 1, slot); };
    const auto at = [&](std::int64_t slot) { return atoms.position(i, slot); };
    const auto exists = [&](std::int64_t slot) { return atoms.exists(i, slot); };
    const auto write = [&](std::int64_t angle, const std::array<Point, 4>& points, float sign, float mirror,
                           float is_there) {
      const auto [sine, cosine] = sin_cos_of(points);
      const std::int64_t place = i * angles + angle;
      data(sin_cos)[place * 2] = sine * sign;
      data(sin_cos)[place * 2 + 1] = cosine * sign;
      data(alternative)[place * 2] = sine * sign * mirror;
      data(alternative)[place * 2 + 1] = cosine * sign * mirror;
      data(mask)[place] = is_there;
    };
    const float backbone = exists(n) * exists(ca) * exists(c);
    write(0, {before(ca), before(c), at(n), at(ca)}, 1, 1, existed(ca) * existed(c) * exists(n) * exists(ca));
    write(1, {before(c), at(n), at(ca), at(c)}, 1, 1, existed(c) * backbone);
    // Psi is measured to O, which lies opposite to the next residue's N.
    write(2, {at(n), at(ca), at(c), at(o)}, -1, 1, backbone * exists(o));
    for (std::int64_t chi = 0; chi < chi_count; ++chi) {
      const std::int64_t* slot = chi_slots[types[i]] + chi * 4;
      const float there = exists(slot[0]) * exists(slot[1]) * exists(slot[2]) * exists(slot[3]);
      write(3 + chi, {at(slot[0]), at(slot[1]), at(slot[2]), at(slot[3])}, 1, 1 - 2 * periodic[types[i]][chi],
            chi_exists[types[i]][chi] * there);
    }
  }
  features["torsion_angles_sin_cos"] = sin_cos;
  features["alt_torsion_angles_sin_cos"] = alternative;
  features["torsion_angles_mask"] = mask;
}

void make_pseudo_beta(TensorDict& features) {
  const at::Tensor aatype = features.at("aatype").contiguous();
  const std::int64_t *types = aatype.const_data_ptr<std::int64_t>(), length = aatype.size(0);
  const Atoms atoms(features);
  const at::Tensor positions = floats({length, 3}), mask = floats({length});
  static const int glycine = residue_from_letter('G');
  for (std::int64_t i = 0; i < length; ++i) {
    const int slot = types[i] == glycine ? atom37::ca : atom37::cb;
    write_point(atoms.position(i, slot), data(positions) + i * 3);
    data(mask)[i] = atoms.exists(i, slot);
  }
  features["pseudo_beta"] = positions;
  features["pseudo_beta_mask"] = mask;
}

void get_backbone_frames(TensorDict& features) {
  features["backbone_rigid_tensor"] = features.at("rigidgroups_gt_frames").select(1, 0);
  features["backbone_rigid_mask"] = features.at("rigidgroups_gt_exists").select(1, 0);
}

void get_chi_angles(TensorDict& features) {
  features["chi_angles_sin_cos"] = features.at("torsion_angles_sin_cos").narrow(1, 3, chi_count);
  features["chi_mask"] = features.at("torsion_angles_mask").narrow(1, 3, chi_count);
}

}  // namespace foldperf::trainer
