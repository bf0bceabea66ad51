// The tables that derive from literature positions, bonds and angles.
#include <torch/torch.h>

#include <array>
#include <cmath>
#include <map>
#include <mutex>
#include <numbers>

#include "core/error.hpp"
#include "trainer/protein/literature.hpp"
#include "trainer/protein/residue_constants.hpp"
#include "trainer/protein/residue_types.hpp"

namespace foldperf::trainer::residue_tables {

namespace {

using Vector = std::array<double, 3>;

Vector minus(const Vector& a, const Vector& b) { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }
double dot(const Vector& a, const Vector& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
Vector cross(const Vector& a, const Vector& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}
Vector unit(const Vector& a) {
  const double norm = std::sqrt(dot(a, a));
  return {a[0] / norm, a[1] / norm, a[2] / norm};
}

const LiteratureAtom& literature_atom(int type, std::string_view name) {
  for (const LiteratureAtom& atom : literature_atoms) {
    if (atom.name == name && residue_from_name(atom.residue) == type) return atom;
  }
  throw Error("no literature position for atom " + std::string(name));
}

// Frame at `origin` with x along `ex` and y in the plane of `ex` and `ey`.
void set_frame(at::Tensor matrix, const Vector& ex, const Vector& ey, const Vector& origin) {
  const Vector x = unit(ex);
  const double along = dot(ey, x);
  const Vector y = unit({ey[0] - along * x[0], ey[1] - along * x[1], ey[2] - along * x[2]});
  const Vector z = cross(x, y);
  auto m = matrix.accessor<float, 2>();
  for (int row = 0; row < 3; ++row) {
    const auto i = static_cast<std::size_t>(row);
    const std::array<double, 4> values = {x[i], y[i], z[i], origin[i]};
    for (int column = 0; column < 4; ++column) {
      m[row][column] = static_cast<float>(values[static_cast<std::size_t>(column)]);
    }
  }
  m[3][3] = 1;
}

void set_group_frames(at::Tensor frames, int type) {
  const auto at = [&](std::string_view name) { return literature_atom(type, name).position; };
  const Vector n = at("N"), ca = at("CA"), c = at("C");
  frames[0].copy_(torch::eye(4));
  frames[1].copy_(torch::eye(4));  // pre-omega: moves no heavy atom
  set_frame(frames[2], minus(n, ca), {1, 0, 0}, n);
  set_frame(frames[3], minus(c, ca), minus(ca, n), c);
  for (int chi = 0; chi < chi_count; ++chi) {
    const auto atoms = chi_atoms(type, chi);
    if (atoms.empty()) break;
    const Vector axis_end = at(atoms[2]);
    if (chi == 0) {
      set_frame(frames[4], minus(axis_end, at(atoms[1])), minus(at(atoms[0]), at(atoms[1])), axis_end);
    } else {
      // Positions are relative to the chi group before, whose origin is where this axis starts.
      set_frame(frames[4 + chi], axis_end, {-1, 0, 0}, axis_end);
    }
  }
}

struct Distance {
  double mean;
  double stddev;
};

Distance bond(int type, std::string_view a, std::string_view b) {
  for (const LiteratureBond& entry : literature_bonds) {
    if (residue_from_name(entry.residue) != type) continue;
    if ((entry.atom1 == a && entry.atom2 == b) || (entry.atom1 == b && entry.atom2 == a)) {
      return {entry.length, entry.stddev};
    }
  }
  throw Error("no literature bond " + std::string(a) + "-" + std::string(b));
}

// Distance of the outer atoms of a bond angle by the law of cosines; errors of bonds and angle taken as independent.
Distance across(const LiteratureAngle& angle, int type) {
  const Distance first = bond(type, angle.atom1, angle.apex);
  const Distance second = bond(type, angle.apex, angle.atom3);
  const double a = first.mean, b = second.mean;
  const double gamma = angle.degrees / 180 * std::numbers::pi;
  const double gamma_stddev = angle.stddev_degrees / 180 * std::numbers::pi;
  const double c = std::sqrt(a * a + b * b - 2 * a * b * std::cos(gamma));
  const double by_gamma = a * b * std::sin(gamma) / c;
  const double by_first = (a - b * std::cos(gamma)) / c;
  const double by_second = (b - a * std::cos(gamma)) / c;
  return {c, std::sqrt(std::pow(by_gamma * gamma_stddev, 2) + std::pow(by_first * first.stddev, 2) +
                       std::pow(by_second * second.stddev, 2))};
}

class BoundsTable {
 public:
  explicit BoundsTable(double tolerance_factor) : tolerance_factor_(tolerance_factor) {}

  void set_clash(int type, int i, int j, double lowest) {
    lower_[type][i][j] = static_cast<float>(lowest);
    upper_[type][i][j] = 1e10F;
  }

  void set_bond(int type, std::string_view a, std::string_view b, const Distance& distance) {
    const int i = atom14_index(type, a).value();
    const int j = atom14_index(type, b).value();
    for (const auto& [from, to] : {std::pair{i, j}, std::pair{j, i}}) {
      lower_[type][from][to] = static_cast<float>(distance.mean - tolerance_factor_ * distance.stddev);
      upper_[type][from][to] = static_cast<float>(distance.mean + tolerance_factor_ * distance.stddev);
      stddev_[type][from][to] = static_cast<float>(distance.stddev);
    }
  }

  [[nodiscard]] const Atom14DistanceBounds& tensors() const { return tensors_; }

 private:
  static at::Tensor table() {
    return torch::zeros({residue_type_count + 1, atom14_count, atom14_count}, torch::kFloat32);
  }

  double tolerance_factor_;
  Atom14DistanceBounds tensors_{table(), table(), table()};
  at::TensorAccessor<float, 3> lower_ = tensors_.lower.accessor<float, 3>();
  at::TensorAccessor<float, 3> upper_ = tensors_.upper.accessor<float, 3>();
  at::TensorAccessor<float, 3> stddev_ = tensors_.stddev.accessor<float, 3>();
};

Atom14DistanceBounds build_bounds(double overlap_tolerance, double tolerance_factor) {
  BoundsTable table(tolerance_factor);
  for (int type = 0; type < residue_type_count; ++type) {
    const auto names = atom14_names(type);
    for (std::size_t i = 0; i < names.size(); ++i) {
      for (std::size_t j = 0; j < names.size(); ++j) {
        if (i == j) continue;
        table.set_clash(type, static_cast<int>(i), static_cast<int>(j),
                        van_der_waals_radius(names[i]) + van_der_waals_radius(names[j]) - overlap_tolerance);
      }
    }
  }
  for (const LiteratureBond& entry : literature_bonds) {
    table.set_bond(residue_from_name(entry.residue), entry.atom1, entry.atom2, {entry.length, entry.stddev});
  }
  for (const LiteratureAngle& angle : literature_angles) {
    const int type = residue_from_name(angle.residue);
    table.set_bond(type, angle.atom1, angle.atom3, across(angle, type));
  }
  return table.tensors();
}

}  // namespace

const at::Tensor& atom14_to_rigid_group() {
  static const at::Tensor& table = *new at::Tensor([] {
    at::Tensor t = torch::zeros({residue_type_count + 1, atom14_count}, torch::kInt64);
    for (const LiteratureAtom& atom : literature_atoms) {
      const int type = residue_from_name(atom.residue);
      t.index_put_({type, atom14_index(type, atom.name).value()}, atom.rigid_group);
    }
    return t;
  }());
  return table;
}

const at::Tensor& atom37_to_rigid_group() {
  static const at::Tensor& table = *new at::Tensor([] {
    at::Tensor t = torch::zeros({residue_type_count + 1, atom37_count}, torch::kInt64);
    for (const LiteratureAtom& atom : literature_atoms) {
      t.index_put_({residue_from_name(atom.residue), atom37_index(atom.name).value()}, atom.rigid_group);
    }
    return t;
  }());
  return table;
}

const at::Tensor& atom14_rigid_group_positions() {
  static const at::Tensor& table = *new at::Tensor([] {
    at::Tensor t = torch::zeros({residue_type_count + 1, atom14_count, 3}, torch::kFloat32);
    auto a = t.accessor<float, 3>();
    for (const LiteratureAtom& atom : literature_atoms) {
      const int type = residue_from_name(atom.residue);
      const int slot = atom14_index(type, atom.name).value();
      for (int i = 0; i < 3; ++i) a[type][slot][i] = static_cast<float>(atom.position[static_cast<std::size_t>(i)]);
    }
    return t;
  }());
  return table;
}

const at::Tensor& rigid_group_default_frames() {
  static const at::Tensor& table = *new at::Tensor([] {
    at::Tensor t = torch::zeros({residue_type_count + 1, rigid_group_count, 4, 4}, torch::kFloat32);
    for (int type = 0; type < residue_type_count; ++type) set_group_frames(t[type], type);
    return t;
  }());
  return table;
}

const Atom14DistanceBounds& atom14_distance_bounds(double overlap_tolerance, double bond_length_tolerance_factor) {
  static std::mutex mutex;
  static auto& kept = *new std::map<std::pair<double, double>, Atom14DistanceBounds>();
  const std::scoped_lock lock(mutex);
  const std::pair key(overlap_tolerance, bond_length_tolerance_factor);
  const auto found = kept.find(key);
  if (found != kept.end()) return found->second;
  return kept.emplace(key, build_bounds(overlap_tolerance, bond_length_tolerance_factor)).first->second;
}

}  // namespace foldperf::trainer::residue_tables
