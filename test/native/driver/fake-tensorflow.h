// A stand-in for TensorFlow, so that ops run without it: under sanitizers, and on processors that TensorFlow is not
// built for.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tensorflow-declarations.h"

/** Memory of exactly as many bytes as it was asked for, aligned to 64 as TensorFlow's is: a sanitizer sees what goes
 * beyond. */
class Buffer {
 public:
  explicit Buffer(size_t bytes);
  ~Buffer();
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  void* data_ = nullptr;
  size_t bytes_;
};

struct TF_Status {
  TF_Code code = TF_OK;
  std::string message;
};

struct TF_Tensor {
  TF_DataType type;
  std::vector<int64_t> dims;
  std::shared_ptr<Buffer> buffer;

  TF_Tensor(TF_DataType type, std::vector<int64_t> dims);
  int64_t elements() const;
};

/** Attributes of a node, by the kinds that ops of ours have. */
struct NodeAttributes {
  std::map<std::string, std::vector<int32_t>> lists;
  std::map<std::string, float> floats;
  std::map<std::string, bool> flags;
};

/** What came of a run: outputs, or a failure. */
struct Outcome {
  TF_Status status;
  std::vector<std::optional<TF_Tensor>> outputs;
  /** Processor time of the run itself. */
  double microseconds = 0;
};

/** Names of registered ops. */
std::vector<std::string> registeredOps();

/** Makes the op's kernel and runs it once; inferred shapes of outputs must agree with those that the run gives. */
Outcome runOp(const std::string& op, const NodeAttributes&, const std::vector<TF_Tensor>& inputs);
