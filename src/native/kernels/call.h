// What a kernel asks of TensorFlow when one of its ops runs.
#pragma once
#include <cstdio>

#include "kernels.h"
#include "tensorflow.h"

namespace {

using convoy::Kernels;
using convoy::NarrowConvolution;
using convoy::PooledConvolution;
using convoy::Product;

/** Those of this processor; null where there are none. */
const Kernels* kernels = nullptr;

/** What ops take and give at most. */
constexpr int mostInputs = 6, mostOutputs = 4;

/** The attributes that ops of ours have; unused ones stay zero. */
struct Attributes {
  int32_t window[2];   // rows, columns
  int32_t kernel[2];   // rows, columns of the filter
  int32_t padding[2];  // zeros above, to the left
  int32_t size[2];     // height, width of what is computed
  float epsilon;       // added to variances
  unsigned char relu;  // whether one follows
};

/** A status, and what a kernel asks of its context; the first failure is told and ends the kernel. */
class Call {
 public:
  Call(TF_OpKernelContext* context, const char* name) : context_(context), name_(name), status_(TF_NewStatus()) {}
  ~Call() {
    for (TF_Tensor* tensor : tensors_) {
      if (tensor != nullptr) TF_DeleteTensor(tensor);
    }
    if (TF_GetCode(status_) != TF_OK) TF_OpKernelContext_Failure(context_, status_);
    TF_DeleteStatus(status_);
  }
  Call(const Call&) = delete;

  /** An input of that rank, or of any but 0 if it is negative; null after a failure. */
  const TF_Tensor* input(int index, int rank) {
    if (TF_GetCode(status_) != TF_OK) return nullptr;
    TF_Tensor* tensor = nullptr;
    TF_GetInput(context_, index, &tensor, status_);
    if (TF_GetCode(status_) != TF_OK) return nullptr;
    tensors_[index] = tensor;
    const int found = TF_NumDims(tensor);
    return expect(rank < 0 ? found > 0 : found == rank, "an input of another rank") ? tensor : nullptr;
  }
  /** A vector; null after a failure, another size being one. */
  template <typename T = float>
  const T* vector(int index, int size) {
    const TF_Tensor* tensor = input(index, 1);
    if (tensor == nullptr || !expect(TF_Dim(tensor, 0) == size, "a vector of another size")) return nullptr;
    return static_cast<const T*>(TF_TensorData(tensor));
  }
  /** Memory of an output; null after a failure. */
  template <typename T, int rank>
  T* output(int index, TF_DataType type, const int64_t (&dims)[rank]) {
    if (TF_GetCode(status_) != TF_OK) return nullptr;
    size_t bytes = sizeof(T);
    for (int64_t size : dims) bytes *= size;
    return static_cast<T*>(keep(index, TF_AllocateOutput(context_, index, type, dims, rank, bytes, status_)));
  }
  /**
   * Memory of an output with the type (T) and shape of a tensor; null after a failure. It is that of input `over` where nothing
   * else needs that one, as is so only before `input` gave it out.
   */
  template <typename T>
  T* outputLike(int index, const TF_Tensor* tensor, int over = -1) {
    if (TF_GetCode(status_) != TF_OK) return nullptr;
    int64_t dims[8];
    const int rank = TF_NumDims(tensor);
    if (!expect(rank <= 8, "an input of another rank")) return nullptr;
    for (int i = 0; i < rank; i++) dims[i] = TF_Dim(tensor, i);
    int forwarded;
    return static_cast<T*>(keep(index, TF_ForwardInputOrAllocateOutput(context_, &over, over < 0 ? 0 : 1, index, dims, rank, &forwarded, status_)));
  }
  /** Gives an input that is written to as an output: whoever takes that sees what was written. */
  void give(int index, const TF_Tensor* tensor) {
    if (TF_GetCode(status_) == TF_OK) TF_SetOutput(context_, index, tensor, status_);
  }
  bool expect(bool holds, const char* found) {
    if (TF_GetCode(status_) != TF_OK) return false;
    if (holds) return true;
    char text[160];
    snprintf(text, sizeof text, "%s: expected inputs that fit but found %s", name_, found);
    TF_SetStatus(status_, TF_INVALID_ARGUMENT, text);
    return false;
  }

 private:
  void* keep(int output, TF_Tensor* tensor) {
    if (TF_GetCode(status_) != TF_OK) return nullptr;
    tensors_[mostInputs + output] = tensor;
    return TF_TensorData(tensor);
  }

  TF_OpKernelContext* context_;
  const char* name_;
  TF_Status* status_;
  TF_Tensor* tensors_[mostInputs + mostOutputs] = {};
};

inline int dim(const TF_Tensor* tensor, int index) { return (int)TF_Dim(tensor, index); }

template <typename T>
const T* data(const TF_Tensor* tensor) {
  return static_cast<const T*>(TF_TensorData(tensor));
}

/** Calls `run` with the type of x's numbers, as a value of it. */
template <typename Run>
inline void inTypeOf(const TF_Tensor* x, Run run) {
  if (TF_TensorType(x) == TF_BFLOAT16) run(convoy::Bfloat16{});
  else run(float{});
}

inline bool sameShape(const TF_Tensor* a, const TF_Tensor* b) {
  const int rank = TF_NumDims(a);
  bool same = TF_NumDims(b) == rank;
  for (int i = 0; i < rank && same; i++) same = TF_Dim(a, i) == TF_Dim(b, i);
  return same;
}

}  // namespace
