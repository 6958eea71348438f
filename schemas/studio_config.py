"""The Label Studio labeling config, made from the label set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import quoteattr

from schemas.labels import CHOICES, HUMAN_ONLY, Part, Problem, Reviewed
from schemas.missed import FORM

TITLE = "onrecord claims"
"""The project's title in Label Studio, 3 to 50 characters."""
SPAN, TEXT, STORY = "span", "text", "story"
"""Names of the tags that hold the spans, the passage and the folded story."""
LINKS = {Part.SOURCE: "source", Part.CONTENT: "content"}
"""Label of the relation from a cue to a source or a content."""
PICKED = ("stance", "role", "modality", "naming")
"""Elements an annotator picks, in the page's order (quotation is a matter of form and computed)."""
VARIABLES = ("key", "headline", "story_line", "notice", "text", "others", "story_html")
"""What every task's data must hold for the page to work, and the key."""

REVIEWED, PROBLEM, NOTE, MISSED = "reviewed", "problem", "note", "missed"
"""Names of the tags for what a person says of the task as a whole."""

_COLOURS = {Part.SOURCE: "#2563eb", Part.CUE: "#d97706", Part.CONTENT: "#059669"}
_HOTKEYS: dict[str, dict[Any, str]] = {
    "stance": dict(zip(CHOICES["stance"], "gon", strict=True)),
    "role": {label: f"shift+{key}" for label, key in zip(CHOICES["role"], "goacibemtu", strict=True)},
    "modality": dict(zip(CHOICES["modality"], "jkl", strict=True)),
    "naming": dict(zip(CHOICES["naming"], "vpy", strict=True)),
    "reliability": dict(zip(HUMAN_ONLY["reliability"], "abcdef", strict=True)),
    "credibility": dict(zip(HUMAN_ONLY["credibility"], "123456", strict=True)),
    PROBLEM: dict(zip(Problem, "xzm", strict=True)),
    REVIEWED: dict(zip(Reviewed, "w", strict=True)),
    SPAN: dict(zip(Part, "sqt", strict=True)),
}
TITLES = {
    "stance": "Stance: whose position it advances",
    "role": "Role of the source (with shift)",
    "modality": "Modality",
    "naming": "Naming of the source",
    "reliability": "Source reliability (yours alone)",
    "credibility": "Information credibility (yours alone)",
}
"""What stands above each group of choices."""
# Colours are the page's own variables, so that they follow its switch between light and dark; `!important` where
# Label Studio sets the same on the element itself.
_STYLE = """
    .or-head{border-left:4px solid var(--color-neutral-content-subtler);padding:0 0 0 12px;margin:0 0 10px}
    .or-head h3{font-size:20px;line-height:26px;margin:0 !important}
    .or-head h4{font-size:13px;line-height:18px;font-weight:400;margin:2px 0 0 !important}
    .or-head h4,.or-side h4{color:var(--color-neutral-content-subtler) !important}
    .or-cols{display:grid;grid-template-columns:minmax(0,1fr) 400px;gap:20px;align-items:start}
    .or-cols .ant-collapse{background:var(--color-neutral-surface)}
    .or-cols .ant-collapse *{color:var(--color-neutral-content) !important}
    .or-side{position:sticky;top:0;border-left:1px solid var(--color-neutral-border);padding-left:16px}
    .or-side h4{font-size:12px !important;line-height:16px;margin:8px 0 1px !important;font-weight:600}
    .or-side .lsf-choices{margin:0}
    .or-side .lsf-choice{margin:0;padding:0;line-height:24px !important}
    .or-side .lsf-choice *{line-height:24px !important}
    .or-side .lsf-choice__checkbox{min-height:24px;font-weight:400}
    .or-text .lsf-htx-richtext{line-height:2.35;font-size:17px}
    .or-notice *{font-size:14px !important;line-height:20px !important}
    .or-notice h4{margin:0 0 10px !important;padding:4px 12px;border-left:4px solid #d97706;white-space:pre-line}
    .or-notice h4:empty,.or-others h4:empty{display:none}
    .or-others h4{font-size:13px;line-height:18px;font-weight:400;margin:6px 0 !important;white-space:pre-line}
    .or-others h4{color:var(--color-neutral-content-subtler) !important}
    .or-whole .lsf-choices{margin:4px 0}
    .or-story{white-space:pre-wrap}
    .or-cols .ant-collapse .or-story mark{background:#fde68a;color:#111827 !important}
"""


def labeling_config(also: Mapping[str, Sequence[str]] | None = None) -> str:
    """The config as XML: passage and spans on the left, choices on the right, the full story folded away.

    also: labels of an older label set by group, shown beside the present ones while decisions are carried over.
    """
    labels = "".join(
        f'<Label value="{part}" background="{_COLOURS[part]}" hotkey="{_HOTKEYS[SPAN][part]}" hint={quoteattr(part.note)}/>'
        for part in Part
    )
    side = "".join(_choices(name, CHOICES[name]) for name in PICKED)
    side += "".join(_choices(name, labels_) for name, labels_ in HUMAN_ONLY.items())
    config = f"""<View>
  <Style>{_STYLE}</Style>
  <View className="or-head">
    <Header value="$headline" size="4"/>
    <Header value="$story_line" size="6"/>
  </View>
  <View className="or-notice"><Header value="$notice" size="6"/></View>
  <Relations>{"".join(f'<Relation value="{value}"/>' for value in LINKS.values())}</Relations>
  <View className="or-cols">
    <View>
      <Labels name="{SPAN}" toName="{TEXT}" showInline="true">{labels}</Labels>
      <View className="or-text"><Text name="{TEXT}" value="$text" granularity="word"/></View>
      <View className="or-others"><Header value="$others" size="6"/></View>
      <TextArea name="{MISSED}" toName="{TEXT}" placeholder="Missed claim: {FORM}" rows="1" editable="true"/>
      <View className="or-whole">
        <Choices name="{REVIEWED}" toName="{TEXT}" choice="multiple" showInline="true">{_members(REVIEWED, Reviewed)}</Choices>
      </View>
      <Collapse><Panel value="Full story"><View className="or-story">
        <HyperText name="{STORY}" value="$story_html" inline="true"/>
      </View></Panel></Collapse>
    </View>
    <View className="or-side">
      {side}
      <Header value="Problem with this task" size="6"/>
      <Choices name="{PROBLEM}" toName="{TEXT}" choice="multiple" showInline="true">{_members(PROBLEM, Problem)}</Choices>
      <TextArea name="{NOTE}" toName="{TEXT}" placeholder="Note (optional)" rows="1" maxSubmissions="1" editable="true"/>
    </View>
  </View>
</View>
"""
    for name, old in (also or {}).items():
        group = f'<Choices name="{name}" '
        start = config.index(">", config.index(group)) + 1
        config = config[:start] + "".join(f"<Choice value={quoteattr(label)}/>" for label in old) + config[start:]
    return config


def hotkey(name: str, label: str) -> str:
    """The key of a label in its group; "" where it has none."""
    return _HOTKEYS.get(name, {}).get(label, "")


def _choices(name: str, labels: type) -> str:
    return (
        f'<Header value={quoteattr(TITLES[name])} size="6"/>'
        f'<Choices name="{name}" toName="{TEXT}" choice="single" showInline="true">{_members(name, labels)}</Choices>'
    )


def _members(name: str, labels: type) -> str:
    return "".join(
        f'<Choice value="{label}" hotkey="{hotkey(name, label)}" hint={quoteattr(label.note)}/>'
        for label in labels  # type: ignore[attr-defined]
    )
