"""Portraits: the same care as any picture, and hints about what usually gets a photo sent back; hints never refuse."""

from PIL import Image, ImageFilter, ImageStat

from portal.storage.images import open_picture, write_picture

# The certificate carries a two-inch colour photo on white, 35×49 mm.
_PROPORTION = 35 / 49
_TOLERANCE = 0.08  # 3:4 (5 % off) and 2:3 (7 % off) are common and cut well
_SMALLEST = (295, 413)  # 25×35 mm at 300 dpi; below it the print shows steps
_LIGHT = 200  # of 255: the darkest channel of a background that still counts as white
_SHARP = 20.0  # variance of the Laplacian at 400 px width; softly lit sharp faces have 60 and more


def clean_portrait(data: bytes, *, keeps_transparency: bool, **bounds) -> tuple[dict, bytes]:
    """As `images.clean_picture`; the report also carries `warnings`, Chinese hints in order of weight."""
    image = open_picture(data, **bounds)
    report, payload = write_picture(image, keeps_transparency=keeps_transparency)
    report["warnings"] = give_hints(image)
    return report, payload


def give_hints(image: Image.Image) -> list[str]:
    """Chinese sentences for what looks unusual in a portrait; empty when nothing does."""
    hints = []
    colour = image.convert("RGB")
    if not _has_white_background(colour):
        hints.append("照片背景不是白色，建议换白底近期免冠彩色照片")
    if abs(image.width / image.height / _PROPORTION - 1) > _TOLERANCE:
        hints.append("照片比例与二寸照片（35×49 毫米）不符，打印时会被裁切，建议按二寸照片裁好再上传")
    if image.width < _SMALLEST[0] or image.height < _SMALLEST[1]:
        hints.append(
            f"照片只有 {image.width}×{image.height} 像素，打印可能不清楚，建议不小于 {_SMALLEST[0]}×{_SMALLEST[1]} 像素"
        )
    if measure_sharpness(colour) < _SHARP:
        hints.append("照片可能模糊，建议换一张清晰的照片")
    if _is_grey(colour):
        hints.append("照片像是黑白的，证书使用彩色照片，建议换彩色照片")
    return hints


def measure_sharpness(image: Image.Image) -> float:
    """The variance of the Laplacian of the grey picture at 400 px width; higher is sharper."""
    grey = image.convert("L")
    height = max(8, round(grey.height * 400 / grey.width))
    grey = grey.resize((400, min(height, 4000)), Image.Resampling.LANCZOS)
    # Two kernels, one per sign: Pillow clips at 0 and 255, and an offset of 128 would cut strong edges.
    total = 0.0
    for sign in (1, -1):
        kernel = [0, sign, 0, sign, -4 * sign, sign, 0, sign, 0]
        edges = grey.filter(ImageFilter.Kernel((3, 3), kernel, scale=1))
        total += ImageStat.Stat(edges.crop((1, 1, grey.width - 1, grey.height - 1))).sum2[0]
    return total / ((grey.width - 2) * (grey.height - 2))


def _has_white_background(image: Image.Image) -> bool:
    """Whether both upper corners are light and without colour; shoulders fill the lower ones."""
    wide, high = max(1, image.width * 15 // 100), max(1, image.height * 15 // 100)
    for left in (0, image.width - wide):
        medians = ImageStat.Stat(image.crop((left, 0, left + wide, high))).median
        if min(medians) < _LIGHT or max(medians) - min(medians) > 30:
            return False
    return True


def _is_grey(image: Image.Image) -> bool:
    """Whether hardly any pixel has colour."""
    saturation = image.resize((100, 140)).convert("HSV").getchannel("S")
    return ImageStat.Stat(saturation).mean[0] < 4
