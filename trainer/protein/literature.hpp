// The literature values as they are listed in tables/*.inc.
#pragma once

#include <array>
#include <string_view>

namespace foldperf::trainer {

struct LiteratureAtom {
  std::string_view residue;
  std::string_view name;
  int rigid_group;
  std::array<double, 3> position;  // Angstrom, in its rigid group
};

struct LiteratureBond {
  std::string_view residue;
  std::string_view atom1, atom2;
  double length, stddev;  // Angstrom
};

struct LiteratureAngle {
  std::string_view residue;
  std::string_view atom1, apex, atom3;
  double degrees, stddev_degrees;
};

inline constexpr LiteratureAtom literature_atoms[] = {
#define ATOM(residue, name, group, x, y, z) {residue, name, group, {x, y, z}},
#include "trainer/protein/tables/literature_atoms.inc"
#undef ATOM
};

inline constexpr LiteratureBond literature_bonds[] = {
#define BOND(residue, atom1, atom2, length, stddev) {residue, atom1, atom2, length, stddev},
#include "trainer/protein/tables/bond_lengths.inc"
#undef BOND
};

inline constexpr LiteratureAngle literature_angles[] = {
#define ANGLE(residue, atom1, apex, atom3, degrees, stddev) {residue, atom1, apex, atom3, degrees, stddev},
#include "trainer/protein/tables/bond_angles.inc"
#undef ANGLE
};

}  // namespace foldperf::trainer
