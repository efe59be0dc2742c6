"""The state of one exchange: what was fixed before it began, and what has happened so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from guard.asks import Bind, Bound
from guard.constitution import Constitution, Principle, applicable, in_force
from guard.mask.masker import Masker
from guard.mask.placeholders import Coder
from guard.mask.vault import Vault
from guard.policy import Policy
from guard.review.review import Settings
from guard.surfaces.surface import Call, Surface
from guard.surfaces.walk import Path
from guard.types import Critic, FoundSpan, Keeping, Principal

# What a find must be to count as revealed in a reply, and to be refused in a field that cannot be masked: entities
# whose shape is evidence. Names are not; a model that thanks "Dear Customer" reveals nobody.
EVIDENT = frozenset({
    "CREDIT_CARD", "EMAIL_ADDRESS", "IBAN_CODE", "KR_RRN", "PHONE_NUMBER", "SECRET", "US_SSN",
})  # fmt: skip
EVIDENT_SCORE = 0.6
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as it came in: who sends it, the headers that may go on, and what it says."""

    principal: Principal
    headers: Mapping[str, str]
    call: Call


@dataclass(frozen=True, slots=True)
class Plan:
    """All that decides over one exchange. `clock` gives Unix seconds, `reply_bytes` bounds a stream.

    The `upstreams` are asked in order, each where those before it failed.
    """

    policy: Policy
    constitution: Constitution | None
    settings: Settings
    critic: str
    critic_digest: str
    upstreams: tuple[str, ...]
    coder: Coder
    clock: Callable[[], float]
    exchange_id: str
    reply_bytes: int = 50_000_000

    @classmethod
    def under(
        cls,
        policy: Policy,
        constitutions: Mapping[str, Constitution],
        critic: Critic | None,
        *,
        principal: Principal,
        surface: str,
        upstreams: tuple[str, ...],
        coder: Coder,
        clock: Callable[[], float],
        exchange_id: str,
        reply_bytes: int = 50_000_000,
    ) -> Plan:
        """What decides under `policy`: of the `constitutions` that it names, those for this caller, on `critic`."""
        rules = policy.review
        return cls(
            policy=policy,
            constitution=in_force((constitutions[name] for name in rules.constitutions), principal, surface),
            settings=Settings(
                on_failure=rules.on_failure,
                on_unsure=rules.on_unsure,
                rounds=rules.rounds,
                writes=critic.writes if critic else False,
            ),
            critic=critic.name if critic else "",
            critic_digest=critic.digest if critic else "",
            upstreams=upstreams,
            coder=coder,
            clock=clock,
            exchange_id=exchange_id,
            reply_bytes=reply_bytes,
        )


@dataclass(slots=True)
class Course:
    """What has happened so far. `prompt` is masked; `known` and `said` hold the values and words of the caller.

    `read` are the places of pictures that were read, and `pictures` what was painted over in them. `routed` are the
    entities that keep it in the house, `upstreams` those to ask, `failed` those that were asked in vain, `upstream`
    the one that answered, `told` what of a stream has been told, masked, before its end.
    """

    plan: Plan
    incoming: Incoming
    vault: Vault
    masker: Masker
    timings: dict[str, float] = field(default_factory=dict)
    opened: bool = False
    closed: bool = False
    emitted: bool = False
    prompt: str = ""
    known: frozenset[str] = frozenset()
    said: str = ""
    upstreams: tuple[str, ...] = ()
    pictures: tuple[FoundSpan, ...] = ()
    read: frozenset[Path] = frozenset()
    routed: tuple[str, ...] = ()
    failed: list[tuple[str, str]] = field(default_factory=list)
    upstream: str = ""
    told: str = ""
    model: str = ""
    usage: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def begin(cls, incoming: Incoming, plan: Plan) -> Course:
        """The state before anything has happened."""
        vault = Vault(plan.coder)
        masking = plan.policy.mask
        masker = Masker(vault, masking.entities, masking.default)
        return cls(plan, incoming, vault, masker, upstreams=plan.upstreams)

    @property
    def call(self) -> Call:
        """What the request says."""
        return self.incoming.call

    @property
    def surface(self) -> Surface:
        """The API that the caller speaks."""
        return self.incoming.call.surface

    @property
    def address(self) -> str:
        """Where an upstream takes the request: for the model of the policy, where that keeps it in the house."""
        call, route = self.call, self.plan.policy.route
        model = route.model if self.routed and route is not None else None
        return call.surface.address(call.body, model or call.model, stream=call.stream)

    @property
    def recorded_model(self) -> str:
        """The model that answered, for the log; empty where what is called so holds a value of the exchange."""
        spelled = (one.text for value in self.vault.values.values() for one in value.spellings.values())
        return "" if any(text in self.model for text in spelled) else self.model

    @property
    def keeps_content(self) -> bool:
        """Whether the log keeps the masked words."""
        return self.plan.policy.log.content != "none"

    @property
    def keeping(self) -> Keeping:
        """How the log keeps the words of what is recorded now."""
        rules = self.plan.policy.log
        until = self.plan.clock() + rules.retention_days * DAY_S if rules.retention_days else 0.0
        return Keeping(rules.content, self.incoming.principal.user, until)

    @property
    def reads_replies(self) -> bool:
        """Whether anything is looked for in replies, or judged."""
        policy = self.plan.policy
        validates = bool(policy.review.validators_on("reply"))
        return policy.recognize.profile != "none" or self.plan.constitution is not None or validates

    @property
    def may_escalate(self) -> bool:
        """Whether a principle could ask for a person, so that the reply must be there to be held."""
        constitution = self.plan.constitution
        own = constitution.principles if constitution else ()
        return any(p.on_violation == "escalate" and p.applies_to != "prompt" for p in own)

    def principles_for(self, reply: str) -> tuple[Principle, ...]:
        """The principles that apply to `reply`, as masked: those for its language or that of the prompt."""
        constitution = self.plan.constitution
        own = [p for p in constitution.principles if p.applies_to != "prompt"] if constitution else []
        return applicable(own, self.prompt, reply)

    def thread_name(self, thread: str) -> str:
        """The name under which the tenant vault keeps the codes of a conversation of this caller's."""
        return self.plan.coder.note("thread", self.incoming.principal.user, thread)

    def sealed_name(self, text: str) -> str:
        """The name under which the tenant vault keeps how the provider wrote a text that it has signed."""
        return self.plan.coder.note("sealed", text)

    def took(self, stage: str, since: float) -> None:
        """Add the time since `since` to a stage, in milliseconds."""
        self.timings[stage] = round(self.timings.get(stage, 0.0) + (self.plan.clock() - since) * 1000, 3)


def bindings(vault: Vault) -> Bind:
    """What the codes of a vault stand for."""
    return Bind({code: Bound(v.entity, v.normal, dict(v.spellings)) for code, v in vault.values.items()})
