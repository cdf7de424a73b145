"""Reading the official catalogue of declaration elements (进出口商品涉税规范申报目录) as the General Administration of Customs publishes it: a ruled PDF."""
