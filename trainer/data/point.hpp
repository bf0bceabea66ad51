// Points in space and axes through them, one at a time: what trainer/protein/rigid.hpp does for tensors, with sums in
// the same order.
#pragma once

#include <cmath>

namespace foldperf::trainer {

struct Point {
  float x = 0, y = 0, z = 0;
};

inline Point operator-(const Point& a, const Point& b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
inline Point operator*(float factor, const Point& a) { return {factor * a.x, factor * a.y, factor * a.z}; }
inline Point operator/(const Point& a, float divisor) { return {a.x / divisor, a.y / divisor, a.z / divisor}; }
inline float dot(const Point& a, const Point& b) { return 0.0F + a.x * b.x + a.y * b.y + a.z * b.z; }
inline Point cross(const Point& a, const Point& b) {
  // The tensor operator fuses the first product with the difference; doubles hold such a product exactly.
  const auto difference = [](float p, float q, float r, float s) {
    return static_cast<float>(static_cast<double>(p) * static_cast<double>(q) - static_cast<double>(r * s));
  };
  return {difference(a.y, b.z, a.z, b.y), difference(a.z, b.x, a.x, b.z), difference(a.x, b.y, a.y, b.x)};
}

inline Point read_point(const float* from) { return {from[0], from[1], from[2]}; }
inline void write_point(const Point& point, float* to) {
  to[0] = point.x;
  to[1] = point.y;
  to[2] = point.z;
}

// Orthogonal axes of length 1.
struct Axes {
  Point x, y, z;
};

// Gram-Schmidt from three points (AlphaFold 2 supplement, algorithm 21): the first lies on -x, the last in the xy
// plane.
inline Axes axes_of(const Point& neg_x_axis, const Point& origin, const Point& xy_plane, float eps) {
  const auto unit = [eps](const Point& v) { return v / std::sqrt(dot(v, v) + eps); };
  const Point x = unit(origin - neg_x_axis);
  const Point in_plane = xy_plane - origin;
  const Point y = unit(in_plane - dot(x, in_plane) * x);
  return {x, y, cross(x, y)};
}

}  // namespace foldperf::trainer
