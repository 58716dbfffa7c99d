// Maxima of windows, and which of their elements they are.
#pragma once
#include "shapes.h"

namespace convoy {
namespace {

/** Takes `next`, element q of a window, for the maximum where it is greater. NaN is passed on. */
inline void takeGreater(Vector next, int q, Vector& maximum, Integers& argmax) {
  const Integers greater = (next > maximum) | (next != next);
  maximum = greater ? next : maximum;
  argmax = greater ? Integers{} + q : argmax;
}

/** The ReLU of the maximum, which leaves no argmax where it is 0. */
inline void rectifyMaximum(Vector& maximum, Integers& argmax) {
  argmax = maximum > 0 ? argmax : Integers{} + noArgmax;
  maximum = maximum < 0 ? Vector{} : maximum;
}

}  // namespace
}  // namespace convoy
