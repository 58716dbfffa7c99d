#include "shape.h"

#include <cstdio>

#include "argument-name.h"

namespace convoy {
namespace {

/** A handle that is deleted with its scope. */
class Shape {
 public:
  Shape() : handle_(TF_NewShapeHandle()) {}
  ~Shape() { TF_DeleteShapeHandle(handle_); }
  Shape(const Shape&) = delete;
  Shape& operator=(const Shape&) = delete;
  operator TF_ShapeHandle*() const { return handle_; }

 private:
  TF_ShapeHandle* handle_;
};

constexpr int64_t unknown = -1;

/** The rank of an input. */
int64_t rankOf(TF_ShapeInferenceContext* context, TF_ShapeHandle* shape) {
  return TF_ShapeInferenceContextRankKnown(context, shape) ? TF_ShapeInferenceContextRank(context, shape) : unknown;
}

int64_t sizeOf(TF_ShapeInferenceContext* context, TF_ShapeHandle* shape, int64_t axis) {
  TF_DimensionHandle* size = TF_NewDimensionHandle();
  TF_ShapeInferenceContextDim(context, shape, axis, size);
  const int64_t value = TF_DimensionHandleValueKnown(size) ? TF_DimensionHandleValue(size) : unknown;
  TF_DeleteDimensionHandle(size);
  return value;
}

}  // namespace

Shapes::Shapes(TF_ShapeInferenceContext* context, TF_Status* status, const char* op, const char* const* inputs)
    : context_(context), status_(status), op_(op), inputs_(inputs) {}

void Shapes::fail(int input, const char* expected, const char* received) {
  char name[32], text[256];
  argumentName(inputs_[input], name, sizeof name);
  snprintf(text, sizeof text, "%s: Expected %s for %s but received %s", op_, expected, name, received);
  TF_SetStatus(status_, TF_INVALID_ARGUMENT, text);
}

void Shapes::expectRank(int input, int rank) {
  if (failed()) return;
  Shape shape;
  TF_ShapeInferenceContextGetInput(context_, input, shape, status_);
  if (failed()) return;
  const int64_t found = rankOf(context_, shape);
  if (found == unknown || found == rank) return;
  char expected[32], received[32];
  snprintf(expected, sizeof expected, "%d axes", rank);
  snprintf(received, sizeof received, "%d", static_cast<int>(found));
  fail(input, expected, received);
}

void Shapes::expectEqual(Axis one, Axis other) {
  if (failed()) return;
  Shape first, second;
  TF_ShapeInferenceContextGetInput(context_, one.input, first, status_);
  if (!failed()) TF_ShapeInferenceContextGetInput(context_, other.input, second, status_);
  if (failed() || rankOf(context_, first) <= one.axis || rankOf(context_, second) <= other.axis) return;
  const int64_t a = sizeOf(context_, first, one.axis), b = sizeOf(context_, second, other.axis);
  if (a == unknown || b == unknown || a == b) return;
  char name[32], expected[96], received[32];
  argumentName(inputs_[other.input], name, sizeof name);
  snprintf(expected, sizeof expected, "%lld elements on axis %d, as on axis %d of %s,", static_cast<long long>(b),
           one.axis, other.axis, name);
  snprintf(received, sizeof received, "%lld", static_cast<long long>(a));
  fail(one.input, expected, received);
}

void Shapes::expectSameShape(int one, int other) {
  if (failed()) return;
  Shape first, second;
  TF_ShapeInferenceContextGetInput(context_, one, first, status_);
  if (!failed()) TF_ShapeInferenceContextGetInput(context_, other, second, status_);
  if (failed()) return;
  const int64_t rank = rankOf(context_, first), otherRank = rankOf(context_, second);
  if (rank == unknown || otherRank == unknown) return;
  if (rank != otherRank) return expectRank(one, static_cast<int>(otherRank));
  for (int axis = 0; axis < rank; axis++) expectEqual({one, axis}, {other, axis});
}

void Shapes::output(int index, std::initializer_list<Axis> sizes) {
  if (failed()) return;
  // Of a partly known shape TensorFlow's graph optimizer once drew wrong conclusions: the gradient of a convolution
  // behind a pooled convolution was asked for another input size. A shape is known whole or not at all.
  Shape parts[6], whole[6];
  int count = 0;
  for (const Axis& size : sizes) {
    Shape input;
    if (size.input >= 0) TF_ShapeInferenceContextGetInput(context_, size.input, input, status_);
    if (failed()) return;
    if (size.input < 0 || rankOf(context_, input) <= size.axis) {
      return TF_ShapeInferenceContextSetUnknownShape(context_, status_);
    }
    TF_ShapeInferenceContextSubshape(context_, input, size.axis, size.axis + 1, parts[count], status_);
    if (failed()) return;
    if (count == 0) {
      TF_ShapeInferenceContextSubshape(context_, parts[0], 0, 1, whole[0], status_);
    } else {
      TF_ShapeInferenceContextConcatenateShapes(context_, whole[count - 1], parts[count], whole[count], status_);
    }
    if (failed()) return;
    count++;
  }
  TF_ShapeInferenceContextSetOutput(context_, index, whole[count - 1], status_);
}

void Shapes::outputLike(int index, int input) {
  if (failed()) return;
  Shape shape;
  TF_ShapeInferenceContextGetInput(context_, input, shape, status_);
  if (!failed()) TF_ShapeInferenceContextSetOutput(context_, index, shape, status_);
}

void Shapes::outputLastAxis(int index, int input) {
  if (failed()) return;
  Shape shape;
  TF_ShapeInferenceContextGetInput(context_, input, shape, status_);
  if (failed()) return;
  const int64_t rank = rankOf(context_, shape);
  if (rank == 0) return fail(input, "at least 1 axis", "a scalar");
  if (rank == unknown) return output(index, {unknownSize});
  output(index, {{input, static_cast<int>(rank - 1)}});
}

}  // namespace convoy
