"""What the proof itself says, in the language it is made for, and conditions in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from pro.domain.joints import label
from pro.domain.questionnaire import AllOf, AnyOf, Condition, Item, Kind, Questionnaire, Test, Value

SAID: Mapping[str, Mapping[str, str]] = {
    "en": {
        "proof": "Screen proof",
        "version": "version",
        "file": "SHA-256 of the file",
        "wording": "Wording",
        "own": "own wording, in the file itself",
        "installed": "the owner's text ({owner}), SHA-256",
        "demonstration": "DEMONSTRATION WORDING, not for use in a study: the text belongs to {owner}; "
        "short labels in our own words stand in its place.",
        "state": "State",
        "published": "published",
        "draft": "draft",
        "language": "Language",
        "made": "Made on",
        "browser": "Photographed with",
        "how": "The pages of the service itself, opened by invented patients on a throw-away database: a telephone of "
        "360 × 740 points, each screen at the usual text size and with text at 200 %.",
        "items": "Questions and branching",
        "key": "Item",
        "question": "Question",
        "answer": "Answer",
        "when": "Asked",
        "when-this": "Asked:",
        "always": "always",
        "joints": "joints",
        "date": "a date",
        "time": "a clock time",
        "text": "a text",
        "quoted": "“{}”",
        "ways": "Ways through it",
        "ways-how": "Each question is shown on at least one way; each question with a condition is left out on another.",
        "way": "Way",
        "given": "Answers that decide",
        "asked": "Questions shown",
        "screens": "Screens",
        "start": "Start, from the link in the SMS",
        "messages": "Messages where an answer is missing or not allowed",
        "reviews": "Reading again before sending",
        "rest": "Between two parts",
        "thanks": "After sending",
        "normal": "text at 100 %",
        "large": "text at 200 %",
        "never": "On none of the ways tried: {keys}.",
        "no-out": "Left out on none of the ways tried: {keys}.",
        "computed": "Computed from other questionnaires and asked of nobody: {keys}.",
        "or": "or",
        "and": "and",
        "yes": "yes",
        "no": "no",
        "is": "is",
        "includes": "includes",
        "at_least": "is at least",
        "at_most": "is at most",
        "not_empty": "has something chosen",
        "none": "none",
        "no-answer": "no answer",
        "too-high": "number too high",
    },
    "fr": {
        "proof": "Épreuve des écrans",
        "version": "version",
        "file": "SHA-256 du fichier",
        "wording": "Formulation",
        "own": "formulation propre, dans le fichier lui-même",
        "installed": "texte du titulaire des droits ({owner}), SHA-256",
        "demonstration": "FORMULATION DE DÉMONSTRATION, à ne pas utiliser dans une étude : le texte appartient à "
        "{owner} ; de courts intitulés de notre main en tiennent lieu.",
        "state": "État",
        "published": "publié",
        "draft": "projet",
        "language": "Langue",
        "made": "Établie le",
        "browser": "Photographiée avec",
        "how": "Les pages du service lui-même, ouvertes par des patients inventés sur une base de données jetable : un "
        "téléphone de 360 × 740 points, chaque écran à la taille de texte habituelle puis avec un texte à 200 %.",
        "items": "Questions et enchaînements",
        "key": "Item",
        "question": "Question",
        "answer": "Réponse",
        "when": "Posée",
        "when-this": "Posée :",
        "always": "toujours",
        "joints": "articulations",
        "date": "une date",
        "time": "une heure",
        "text": "un texte",
        "quoted": "« {} »",
        "ways": "Parcours",
        "ways-how": "Chaque question apparaît dans au moins un parcours ; chaque question sous condition est absente d'un autre.",
        "way": "Parcours",
        "given": "Réponses qui décident",
        "asked": "Questions affichées",
        "screens": "Écrans",
        "start": "Début, depuis le lien du SMS",
        "messages": "Messages quand une réponse manque ou n'est pas acceptée",
        "reviews": "Relecture avant l'envoi",
        "rest": "Entre deux parties",
        "thanks": "Après l'envoi",
        "normal": "texte à 100 %",
        "large": "texte à 200 %",
        "never": "Dans aucun des parcours essayés : {keys}.",
        "no-out": "Absentes d'aucun des parcours essayés : {keys}.",
        "computed": "Calculées à partir d'autres questionnaires et posées à personne : {keys}.",
        "or": "ou",
        "and": "et",
        "yes": "oui",
        "no": "non",
        "is": "est",
        "includes": "comprend",
        "at_least": "vaut au moins",
        "at_most": "vaut au plus",
        "not_empty": "contient au moins un choix",
        "none": "aucune",
        "no-answer": "sans réponse",
        "too-high": "nombre trop grand",
    },
}  # fmt: skip


class Words:
    """One questionnaire in one language."""

    def __init__(self, questionnaire: Questionnaire, language: str) -> None:
        self.items = {item.key: item for item in questionnaire.items}
        self.language = language
        self.said = SAID[language]

    def condition(self, condition: Condition | None) -> str:
        """`flare is yes or worst_pain is at least 4`; parts inside another stand in brackets."""
        if condition is None:
            return self.said["always"]
        match condition:
            case AnyOf(of) | AllOf(of):
                joint = self.said["or" if isinstance(condition, AnyOf) else "and"]
                inner = (self.condition(part) for part in of)
                parts = (
                    f"({said})" if not isinstance(part, Test) else said for part, said in zip(of, inner, strict=True)
                )
                return f" {joint} ".join(parts)
            case Test():
                said = f"{condition.item} {self.said[condition.op]}"
                return said if condition.value is None else f"{said} {self.value(condition.item, condition.value)}"

    def value(self, key: str, value: Value) -> str:
        item = self.items[key]
        if isinstance(value, bool):
            return self.said["yes" if value else "no"]
        if isinstance(value, tuple):
            return ", ".join(self._named(item, each) for each in value) or self.said["none"]
        return self._named(item, value) if isinstance(value, str) else self.number(value)

    def _named(self, item: Item, code: str) -> str:
        if item.kind is Kind.JOINTS:
            return label(code, self.language)
        return next(
            (self.said["quoted"].format(one.label[self.language]) for one in item.options if one.code == code), code
        )

    def number(self, value: Decimal | int) -> str:
        text = f"{value:f}" if isinstance(value, Decimal) else str(value)
        return text.replace(".", ",") if self.language == "fr" else text

    def answers(self, item: Item) -> str:
        """What may be answered, in a few words."""
        if item.kind is Kind.YES_NO:
            return f"{self.said['yes']} / {self.said['no']}"
        if item.options:
            return " / ".join(one.label[self.language] for one in item.options)
        if item.low is not None and item.high is not None:
            unit = f" {item.unit[self.language]}" if item.unit else ""
            ends = [end[self.language] for end in (item.low_label, item.high_label) if end]
            told = f" ({' … '.join(ends)})" if ends else ""
            return f"{self.number(item.low)} – {self.number(item.high)}{unit}{told}"
        kind = self.said[item.kind]
        return f"{len(item.joints)} {kind}" if item.joints else kind
