#include "call.h"

#include <climits>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <new>

#include "argument-name.h"

namespace convoy {
namespace {

/** The most axes that an output like an input may have. */
constexpr int mostAxes = 8;

}  // namespace

void throwOutOfMemory() { throw std::bad_alloc(); }

Call::Call(TF_OpKernelContext* context, const Schema& schema)
    : context_(context), schema_(schema), status_(TF_NewStatus()) {}

Call::~Call() {
  for (TF_Tensor* tensor : inputs_) {
    if (tensor != nullptr) TF_DeleteTensor(tensor);
  }
  for (TF_Tensor* tensor : outputs_) {
    if (tensor != nullptr) TF_DeleteTensor(tensor);
  }
  if (!ok()) TF_OpKernelContext_Failure(context_, status_);
  TF_DeleteStatus(status_);
}

void Call::fail(const char* argument, const char* expected, const char* received) {
  char text[384];
  snprintf(text, sizeof text, "%s: Expected %s for %s but received %s", schema_.name, expected, argument, received);
  TF_SetStatus(status_, TF_INVALID_ARGUMENT, text);
}

Tensor Call::input(int index, int rank) {
  if (!ok()) return {};
  if (inputs_[index] == nullptr) TF_GetInput(context_, index, &inputs_[index], status_);
  if (!ok()) return {};
  const Tensor tensor(inputs_[index]);
  if (rank < 0) {
    if (!expect(tensor.rank() >= 1 && tensor.rank() <= mostAxes, index, "1 to %d axes", mostAxes)) return {};
  } else if (!expect(tensor.rank() == rank, index, "%d axes", rank)) {
    return {};
  }
  for (int axis = 0; axis < tensor.rank(); axis++) {
    if (!expect(tensor.size(axis) <= INT_MAX, index, "sizes below 2^31")) return {};
  }
  return tensor;
}

void Call::release(int index) {
  if (inputs_[index] != nullptr) TF_DeleteTensor(inputs_[index]);
  inputs_[index] = nullptr;
}

bool Call::expect(bool holds, int input, const char* expected, ...) {
  if (!ok() || holds) return ok();
  char name[32], text[160], received[160] = "[";
  argumentName(schema_.inputs[input], name, sizeof name);
  va_list values;
  va_start(values, expected);
  vsnprintf(text, sizeof text, expected, values);
  va_end(values);
  size_t length = 1;
  const Tensor tensor(inputs_[input]);
  for (int axis = 0; axis < tensor.rank() && length < sizeof received - 32; axis++) {
    const char* comma = axis == 0 ? "" : ", ";
    const long long size = tensor.size(axis);
    length += static_cast<size_t>(snprintf(received + length, sizeof received - length, "%s%lld", comma, size));
  }
  snprintf(received + length, sizeof received - length, "]");
  fail(name, text, received);
  return false;
}

bool Call::expect(bool holds, const char* attribute, Sizes values, const char* expected, ...) {
  if (!ok() || holds) return ok();
  char text[160], received[64];
  va_list arguments;
  va_start(arguments, expected);
  vsnprintf(text, sizeof text, expected, arguments);
  va_end(arguments);
  snprintf(received, sizeof received, "[%d, %d]", values.rows, values.columns);
  fail(attribute, text, received);
  return false;
}

bool Call::expectSameShape(int input, int other) {
  if (!ok()) return false;
  const Tensor a(inputs_[input]), b(inputs_[other]);
  bool same = a.rank() == b.rank();
  for (int axis = 0; axis < a.rank() && same; axis++) same = a.size(axis) == b.size(axis);
  char name[32];
  argumentName(schema_.inputs[other], name, sizeof name);
  return expect(same, input, "the shape of %s", name);
}

void* Call::allocate(int index, TF_DataType type, const int64_t* dims, int rank, size_t bytesOfNumber) {
  if (!ok()) return nullptr;
  size_t bytes = bytesOfNumber;
  bool fits = true;
  for (int axis = 0; axis < rank; axis++) fits = fits && !__builtin_mul_overflow(bytes, dims[axis], &bytes);
  if (!fits || bytes > static_cast<size_t>(PTRDIFF_MAX)) {
    failForMemory();
    return nullptr;
  }
  outputs_[index] = TF_AllocateOutput(context_, index, type, dims, rank, bytes, status_);
  return ok() ? TF_TensorData(outputs_[index]) : nullptr;
}

void* Call::forward(int index, int like, int over) {
  if (!ok()) return nullptr;
  const Tensor tensor(inputs_[like]);
  int64_t dims[mostAxes];
  for (int axis = 0; axis < tensor.rank(); axis++) dims[axis] = tensor.size(axis);
  const int count = over < 0 ? 0 : 1;
  int forwarded = -1;
  outputs_[index] =
      TF_ForwardInputOrAllocateOutput(context_, &over, count, index, dims, tensor.rank(), &forwarded, status_);
  return ok() ? TF_TensorData(outputs_[index]) : nullptr;
}

void Call::give(int output, int input) {
  if (ok()) TF_SetOutput(context_, output, inputs_[input], status_);
}

void Call::failForMemory() {
  char text[160];
  snprintf(text, sizeof text, "%s: Expected memory for its results but there is not enough", schema_.name);
  TF_SetStatus(status_, TF_RESOURCE_EXHAUSTED, text);
}

}  // namespace convoy
