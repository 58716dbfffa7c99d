// One run of an op: its inputs, checked, and its outputs.
#pragma once
#include "construction.h"
#include "inline.h"

namespace convoy {

/** An input. Sizes are those that TensorFlow knows; `data` has as many numbers. */
class Tensor {
 public:
  CONVOY_INLINE Tensor() {}
  CONVOY_INLINE explicit Tensor(TF_Tensor* tensor) : tensor_(tensor) {}
  CONVOY_INLINE explicit operator bool() const { return tensor_ != nullptr; }
  CONVOY_INLINE int rank() const { return TF_NumDims(tensor_); }
  CONVOY_INLINE int64_t size(int axis) const { return TF_Dim(tensor_, axis); }
  /** A size that was checked to be an int (`Call::input` does). */
  CONVOY_INLINE int dim(int axis) const { return static_cast<int>(size(axis)); }
  CONVOY_INLINE TF_DataType type() const { return TF_TensorType(tensor_); }
  template <typename T>
  CONVOY_INLINE const T* data() const {
    return static_cast<const T*>(TF_TensorData(tensor_));
  }
  /** The memory of an input that the op writes into. */
  template <typename T>
  CONVOY_INLINE T* writable() const {
    return static_cast<T*>(TF_TensorData(tensor_));
  }

 private:
  TF_Tensor* tensor_ = nullptr;
};

/** What a kernel asks of TensorFlow when its op runs. The first failure ends the run with its status. */
class Call {
 public:
  Call(TF_OpKernelContext* context, const Schema& schema);
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  /** True until something failed. */
  CONVOY_INLINE bool ok() const { return TF_GetCode(status_) == TF_OK; }

  /** An input of that rank, or of at least 1 where it is negative, each size below 2^31; false after a failure. */
  Tensor input(int index, int rank);
  /** Gives an input back before the run ends, so that its memory may become an output's. */
  void release(int index);
  /** Fails unless a condition about an input holds. `expected` is a printf format. */
  bool expect(bool holds, int input, const char* expected, ...) __attribute__((format(printf, 4, 5)));
  /** Fails unless a condition about an attribute holds. */
  bool expect(bool holds, const char* attribute, Sizes received, const char* expected, ...)
      __attribute__((format(printf, 5, 6)));
  /** Expects one shape of two inputs. */
  bool expectSameShape(int input, int other);
  /** A vector of some numbers; null after a failure. */
  template <typename T>
  CONVOY_INLINE const T* vector(int index, int size) {
    const Tensor tensor = input(index, 1);
    return tensor && expect(tensor.size(0) == size, index, "%d elements", size) ? tensor.data<T>() : nullptr;
  }

  /** The memory of an output; null after a failure. */
  template <typename T, int rank>
  CONVOY_INLINE T* output(int index, TF_DataType type, const int64_t (&dims)[rank]) {
    return static_cast<T*>(allocate(index, type, dims, rank, sizeof(T)));
  }
  /** The memory of an output that is like input `like`, and is that of input `over` where nothing else needs it. */
  template <typename T>
  CONVOY_INLINE T* outputOver(int index, int like, int over) {
    return static_cast<T*>(forward(index, like, over));
  }
  /** The memory of an output that is like an input. */
  template <typename T>
  CONVOY_INLINE T* outputLike(int index, int like) {
    return static_cast<T*>(forward(index, like, -1));
  }
  /** Gives an input that was written into as an output: whoever takes the output sees what was written. */
  void give(int output, int input);

  /** Tells that memory for intermediate results was not to be had. */
  void failForMemory();

 private:
  void* allocate(int index, TF_DataType type, const int64_t* dims, int rank, size_t bytesOfNumber);
  void* forward(int index, int like, int over);
  void fail(const char* argument, const char* expected, const char* received);

  TF_OpKernelContext* context_;
  const Schema& schema_;
  TF_Status* status_;
  TF_Tensor* inputs_[mostInputs] = {};
  TF_Tensor* outputs_[mostOutputs] = {};
};

}  // namespace convoy
