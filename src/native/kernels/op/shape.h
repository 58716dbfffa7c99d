// Shape functions: what is known of shapes when a graph is built or loaded. TensorFlow's C interface gives them no
// attributes but types, so sizes that an attribute decides are unknown here and checked when the op runs.
#pragma once
#include <initializer_list>

#include "tensorflow.h"

namespace convoy {

/** A size of an output: that of an input's axis, or unknown. */
struct Axis {
  int input, axis;
};

/** A size that is not known before the op runs. */
constexpr Axis unknownSize = {-1, 0};

/** Shapes of an op's inputs and outputs. The first failure is what TensorFlow reports; what follows does nothing. */
class Shapes {
 public:
  /** `inputs` are the specs of the op's inputs, for messages. */
  Shapes(TF_ShapeInferenceContext*, TF_Status*, const char* op, const char* const* inputs);

  /** Expects a rank of an input. */
  void expectRank(int input, int rank);

  /** Expects two axes to have one size, where both are known. */
  void expectEqual(Axis one, Axis other);

  /** Expects two inputs to have one shape, as far as it is known. */
  void expectSameShape(int one, int other);

  /** The shape of an output, axis by axis. */
  void output(int index, std::initializer_list<Axis> sizes);

  /** The output has the shape of an input. */
  void outputLike(int index, int input);

  /** The output is a vector with a size for each of the last axis of an input, whose rank is at least 1. */
  void outputLastAxis(int index, int input);

 private:
  bool failed() const { return TF_GetCode(status_) != TF_OK; }
  void fail(int input, const char* expected, const char* received);

  TF_ShapeInferenceContext* context_;
  TF_Status* status_;
  const char* op_;
  const char* const* inputs_;
};

}  // namespace convoy
