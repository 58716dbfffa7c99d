// The normalized x.
#pragma once
#include "row-groups.h"

namespace convoy {
namespace {

/** (x - mean) * scale + shift, for vectors or for one float; not below 0 if rectified. */
template <bool rectified, typename T>
inline T normal(T x, T mean, T scale, T shift) {
  const T y = (x - mean) * scale + shift;
  if constexpr (rectified) return T{} > y ? T{} : y;  // NaN is passed on
  else return y;
}

}  // namespace
}  // namespace convoy
