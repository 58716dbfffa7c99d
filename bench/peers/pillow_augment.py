"""The work of bench/augment.ts by Pillow, as torchvision's transforms call it. Arguments: kind, folder or file, images."""
import json
import math
import os
import random
import sys
import time

import PIL
from PIL import Image

kind, where, images = sys.argv[1], sys.argv[2], int(sys.argv[3])
random.seed(1)


def random_part(width, height):
    """RandomResizedCrop.get_params with its defaults: ten tries, then the largest central part within the ratios."""
    low, high = 3 / 4, 4 / 3
    for _ in range(10):
        area = width * height * random.uniform(0.08, 1)
        ratio = math.exp(random.uniform(math.log(low), math.log(high)))
        w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < w <= width and 0 < h <= height:
            x, y = random.randint(0, width - w), random.randint(0, height - h)
            return x, y, x + w, y + h
    ratio = min(high, max(low, width / height))
    w, h = min(width, round(height * ratio)), min(height, round(width / ratio))
    x, y = (width - w) // 2, (height - h) // 2
    return x, y, x + w, y + h


def photograph(path):
    """ImageFolder's loader, RandomResizedCrop(224), RandomHorizontalFlip and the bytes that ToTensor starts from."""
    with open(path, "rb") as file:
        image = Image.open(file).convert("RGB")
    image = image.crop(random_part(*image.size)).resize((224, 224), Image.BILINEAR)
    return (image.transpose(Image.FLIP_LEFT_RIGHT) if random.random() < 0.5 else image).tobytes()


def thumbnail(pixels):
    image = Image.frombytes("RGB", (32, 32), pixels)
    if random.random() < 0.5:
        image = image.transpose(Image.FLIP_LEFT_RIGHT)
    padded = Image.new("RGB", (40, 40))
    padded.paste(image, (4, 4))
    x, y = random.randint(0, 8), random.randint(0, 8)
    image = padded.crop((x, y, x + 32, y + 32))
    return image.rotate(random.uniform(-15, 15), Image.BILINEAR).tobytes()


if kind == "photographs":
    items, work = [os.path.join(where, name) for name in sorted(os.listdir(where))], photograph
else:
    data = open(where, "rb").read()
    items, work = [data[at : at + 3072] for at in range(0, len(data), 3072)], thumbnail
for item in items[:50]:
    work(item)
start, cpu = time.perf_counter(), time.process_time()
for turn in range(images):
    work(items[turn % len(items)])
print(json.dumps({"seconds": time.perf_counter() - start, "cpuSeconds": time.process_time() - cpu, "version": PIL.__version__}))
