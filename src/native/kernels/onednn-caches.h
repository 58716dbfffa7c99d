// A patch of oneDNN's record of the processor's caches.
#pragma once

namespace convoy {

/**
 * Corrects what the oneDNN of a TensorFlow takes the caches to be, once it has described the processor, which it does
 * at its first operation. Returns how many records were corrected; -1 where none is wrong, since the processor
 * describes its caches itself or is too old to; 0 for a TensorFlow whose record is not known, whose memory is not
 * looked at.
 *
 * @param tensorflowVersion of the library in this process, as "2.21.0".
 */
int correctCaches(const char* tensorflowVersion);

}  // namespace convoy
