"""Folding (归一): the many ways of writing one answer become one, before anything is compared.

Owns what counts as noise: width, case, invisible characters, stickers, emoji, outer punctuation, traditional
characters. ``fold`` is for comparing and loses information on purpose; ``clean`` is for what is kept as the
person wrote it (a name, a school) and only takes out what nobody can see.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# Traditional and Hong Kong or Taiwan forms that occur in answers, each followed by the form it folds to.
# A table of the few hundred that matter, not a converter: phrases and rare characters are left alone.
_TRADITIONAL: Final = """
    並并 乾干 佈布 佔占 併并 來来 係系 個个 們们 備备 僱雇 億亿 兒儿 內内 兩两 別别 刪删 創创 劃划 動动 務务
    勞劳 匯汇 區区 協协 參参 吳吴 員员 問问 啓启 啟启 單单 嗎吗 嘗尝 國国 園园 執执 報报 場场 壯壮 妳你 學学
    實实 寧宁 審审 寶宝 專专 對对 導导 屆届 岡冈 崗岗 嶺岭 嶽岳 師师 幫帮 幹干 幾几 廈厦 廠厂 廣广 廳厅 彙汇
    後后 從从 復复 愛爱 態态 慶庆 應应 懷怀 戶户 擁拥 擇择 擔担 擬拟 於于 時时 曆历 書书 會会 東东 條条 業业
    樂乐 樓楼 樣样 樸朴 樹树 橋桥 機机 橫横 檢检 欄栏 權权 欖榄 歡欢 歲岁 歴历 歷历 殘残 氣气 沒没 沖冲 況况
    淨净 減减 測测 湞浈 湧涌 準准 滷卤 漢汉 濟济 濱滨 瀋沈 瀝沥 灣湾 為为 無无 煙烟 營营 爲为 爾尔 狀状 獲获
    獸兽 現现 瑤瑶 環环 產产 畢毕 畫画 當当 發发 盡尽 監监 眾众 瞭了 碩硕 確确 碼码 祇只 禪禅 禮礼 種种 穫获
    箇个 節节 範范 築筑 簽签 籤签 約约 紅红 級级 絕绝 絡络 給给 經经 綫线 維维 網网 緊紧 線线 編编 練练 縣县
    繪绘 繳缴 繼继 續续 纔才 羅罗 羣群 習习 聞闻 聯联 職职 肅肃 脫脱 腦脑 臨临 臺台 與与 興兴 華华 萬万 葉叶
    藍蓝 藝艺 藥药 蘇苏 處处 號号 衆众 術术 衝冲 衹只 裏里 補补 裡里 製制 複复 見见 親亲 觀观 訂订 計计 訓训
    記记 設设 註注 試试 話话 該该 認认 語语 說说 説说 誰谁 課课 請请 謝谢 謹谨 證证 議议 護护 讀读 變变 讓让
    讚赞 豐丰 財财 貧贫 貳二 貴贵 貸贷 費费 貼贴 貿贸 資资 質质 贊赞 車车 軌轨 軟软 輯辑 辦办 農农 這这 連连
    週周 進进 遊游 過过 達达 遠远 選选 遼辽 還还 邊边 郵邮 鄉乡 醜丑 醫医 銀银 鋁铝 鋼钢 錄录 錯错 鍾钟 鎮镇
    鐘钟 鐵铁 長长 門门 閉闭 開开 間间 閱阅 闆板 關关 陝陕 陰阴 陸陆 陽阳 隨随 隻只 雙双 離离 難难 雲云 電电
    項项 順顺 預预 領领 頭头 題题 願愿 類类 飯饭 養养 館馆 饒饶 馬马 體体 髮发 鬥斗 鬭斗 鬱郁 鳳凤 鶴鹤 鹽盐
    麵面 麼么 麽么 黃黄 點点 齡龄 龍龙
"""
_SIMPLIFY = {ord(pair[0]): pair[1] for pair in _TRADITIONAL.split()}

# Digits drawn as symbols, which NFKC leaves alone, and the circle that scanners read for 〇.
_SYMBOLS = {
    **{ord(sign): str(number) for number, sign in enumerate("❶❷❸❹❺❻❼❽❾❿", start=1)},
    **{ord(sign): str(number) for number, sign in enumerate("➀➁➂➃➄➅➆➇➈➉", start=1)},
    **{ord(sign): str(number) for number, sign in enumerate("➊➋➌➍➎➏➐➑➒➓", start=1)},
    ord("🔟"): "10",
    ord("○"): "〇",
    ord("◯"): "〇",
    ord("〜"): "~",
}

# C0 and C1 controls without tab and line breaks, soft hyphen, joiners, direction marks, byte-order mark,
# keycap mark, halves of a broken surrogate pair, variation selectors (also those of ideographs) and tags.
_INVISIBLE = (
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20e3\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
    "\U000e0000-\U000e0fff"
)
_PICTURES = (
    "\u2190-\u21ff\u2300-\u23ff\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d"
    "\ue000-\uf8ff\U0001f000-\U0001faff"
)
_strip_invisible = re.compile(f"[{_INVISIBLE}]+").sub
# WeChat sends its stickers as text: [微笑], [OK], and the older /::) and /:rose.
_STICKER = (
    r"\[(?:[\u3400-\u9fff]{1,4}|[A-Za-z][A-Za-z ]{1,11})\]"
    r"|/:(?:[:;,8PBQ@XZ<>()\-|!*$~]{2,4}|(?:rose|handclap|strong|weak|ok))"
)
_strip_pictures = re.compile(f"[{_PICTURES}]+|{_STICKER}").sub
_collapse = re.compile(r"\s+").sub

_OUTER = " \t\r\n。，、；：？！,.;:?!~'\"`´“”‘’()[]{}<>【】〔〕《》〈〉「」『』·•—–_…^|\\/-="


def _unchanged() -> str:
    """The class of what folding leaves alone; one class of ranges is three times as fast as Han with exceptions."""
    ranges, start = [], 0x4E00
    for point in [*sorted(point for point in _SIMPLIFY if 0x4E00 <= point <= 0x9FFF), 0xA000]:
        if point > start:
            ranges.append(f"{chr(start)}-{chr(point - 1)}")
        start = point + 1
    return "0-9a-z" + "".join(ranges)


# What needs no folding at all: runs of small letters, digits and simplified Han, with single signs between them.
# Nearly all answers are such.
_is_plain = re.compile(f"[{_unchanged()}]+(?:[ ,.·/-][{_unchanged()}]+)*").fullmatch


def fold(text: str) -> str:
    """Return ``text`` in the one form that answers are compared in; ``""`` when nothing but noise was sent.

    Compatibility forms (full width, ①, ㈠) become plain, letters small, traditional characters simplified;
    controls, zero-width and direction marks vanish; emoji and stickers become a space; white space is
    collapsed; punctuation is dropped at both ends. Folding twice changes nothing more.
    """
    while not _is_plain(text):
        folded = _fold_once(text)
        if folded == text:
            break
        text = folded
    return text


def _fold_once(text: str) -> str:
    text = unicodedata.normalize("NFKC", text.translate(_SYMBOLS))
    text = _strip_pictures(" ", _strip_invisible("", text)).lower().translate(_SIMPLIFY)
    return _collapse(" ", text).strip(_OUTER)


_CANTONESE: Final = (
    ("唔系", "不是"),
    ("唔知道", "不知道"),
    ("唔知", "不知道"),
    ("冇有", "没有"),
    ("冇", "没有"),
)
_cantonese_not = re.compile("唔(?!该)")  # 唔该 is thanks


def mandarin(folded: str) -> str:
    """Return a folded text with the Cantonese words of denial as Mandarin ones: 都冇 → 都没有, 唔知 → 不知道."""
    if "冇" in folded or "唔" in folded:
        for cantonese, plain in _CANTONESE:
            folded = folded.replace(cantonese, plain)
        folded = _cantonese_not.sub("不", folded)
    return folded


def clean(text: str) -> str:
    """Return ``text`` as written, without what cannot be seen and without outer white space.

    Case, punctuation, rare Han characters (also beyond the BMP) and inner spaces stay; full-width letters and
    digits become plain ones. Runs of white space become one space.
    """
    return _collapse(" ", _strip_invisible("", text).translate(_HALF_WIDTH)).strip()


# NFKC would also replace compatibility ideographs, which are other characters in a person's name.
_HALF_WIDTH = {0xFEE0 + point: point for point in range(0x21, 0x7F) if chr(point).isalnum()} | {0x3000: 0x20}


def without_pictures(text: str) -> str:
    """Return ``text`` with emoji and WeChat stickers taken out; surrogates that came in broken go too."""
    return _collapse(" ", _strip_pictures(" ", text)).strip()
