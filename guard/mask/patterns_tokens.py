"""Rows for keys and tokens that their own prefix gives away, in the forms the vendors publish for secret scanning."""

from __future__ import annotations

from guard.mask.rows import END, START, Row

_A = "aB3dE6gH9jK2mN5pQ8sT1vW4xY7zA0cF"  # stands for random characters in the examples


def _token(regex: str, *needs: str, example: str, near: tuple[str, ...] = (), score: float = 0.95) -> Row:
    """A token that its own prefix gives away."""
    return Row(
        "SECRET",
        rf"{START}{regex}{END}",
        score,
        (f"use «{example}» now", f"키는 «{example}»입니다"),
        near,
        needs,
    )


TOKENS = (
    _token(
        r"A(?:KIA|SIA|GPA|IDA|ROA)[A-Z2-7]{16}",
        "akia",
        "asia",
        "agpa",
        "aida",
        "aroa",
        example="AKIAIOSFODNN7EXAMPLE",
    ),
    _token(r"AIza[0-9A-Za-z_-]{35}", "aiza", example=f"AIza{_A}x7B"),
    _token(r"gh[pousr]_[0-9A-Za-z]{30,255}", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", example=f"ghp_{_A}x7Bq"),
    _token(r"github_pat_[0-9A-Za-z_]{22,255}", "github_pat_", example=f"github_pat_{_A}_{_A}"),
    _token(
        r"gl(?:pat|dt|rt|cbt|ptt)-[0-9A-Za-z_.-]{20,100}",
        "glpat-",
        "gldt-",
        "glrt-",
        "glcbt-",
        "glptt-",
        example="glpat-aB3dE6gH9jK2mN5pQ8sT",
    ),
    _token(r"xox[abeoprs]-[0-9A-Za-z-]{10,250}", "xox", example="xoxb-2948571039-aB3dE6gH9jK2"),
    _token(
        r"https://hooks\.slack\.com/services/[0-9A-Za-z/]{20,100}",
        "hooks.slack.com",
        example="https://hooks.slack.com/services/T0AB12CD3/B0EF45GH6/aB3dE6gH9jK2mN5p",
    ),
    _token(r"sk-(?:proj|svcacct|admin|ant|or|lf|live|test)-[0-9A-Za-z_-]{16,250}", "sk-", example=f"sk-proj-{_A}"),
    _token(r"sk-ant-api03-[0-9A-Za-z_-]{20,250}", "sk-ant-", example=f"sk-ant-api03-{_A}"),
    _token(
        r"sk-(?=[A-Za-z-]{0,40}[0-9])[0-9A-Za-z]{20,250}",
        "sk-",
        example=f"sk-{_A}",
        near=("sk-learn-contrib-packages",),
    ),
    _token(r"hf_[0-9A-Za-z]{30,100}", "hf_", example=f"hf_{_A}x7", near=("hf_hub_download",)),
    _token(
        r"(?:sk|rk|pk)_(?:live|test)_[0-9A-Za-z]{16,250}",
        "k_live_",
        "k_test_",
        example="sk_live_aB3dE6gH9jK2mN5pQ8sT1vW4",
    ),
    _token(r"whsec_[0-9A-Za-z+/]{24,100}", "whsec_", example=f"whsec_{_A}"),
    _token(r"npm_[0-9A-Za-z]{36}", "npm_", example=f"npm_{_A}x7Bq", near=("npm_config_registry",)),
    _token(r"pypi-[0-9A-Za-z_-]{32,250}", "pypi-", example=f"pypi-AgEIcHlwaS5vcmc{_A}", near=("pypi-simple",)),
    _token(
        r"SG\.[0-9A-Za-z_-]{16,32}\.[0-9A-Za-z_-]{32,64}",
        "sg.",
        example=f"SG.aB3dE6gH9jK2mN5pQ8sT1v.{_A}x7BqR4tY8uI",
    ),
    _token(
        r"eyJ[0-9A-Za-z_-]{8,2000}\.eyJ[0-9A-Za-z_-]{8,4000}\.[0-9A-Za-z_-]{0,1000}",
        "eyj",
        example="eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    ),
    _token(r"[0-9]{8,10}:AA[0-9A-Za-z_-]{32,34}", ":aa", example=f"123456789:AA{_A}x"),
    Row(
        "SECRET",
        rf"{START}(?:AC|SK)[0-9a-f]{{32}}{END}",
        0.6,
        ("sid «SK0123456789abcdef0123456789abcdef» ok",),
        ("task0123456789", "ACCESS"),
        at="digit",
        back=16,
        lead=r"[0-9][0-9a-f]{12}",
    ),
    _token(r"key-[0-9a-f]{32}", "key-", example="key-0123456789abcdef0123456789abcdef"),
    _token(r"dop_v1_[0-9a-f]{64}", "dop_v1_", example="dop_v1_" + "0123456789abcdef" * 4),
    _token(r"dapi[0-9a-f]{32}(?:-[0-9])?", "dapi", example="dapi0123456789abcdef0123456789abcdef"),
    _token(r"ya29\.[0-9A-Za-z_-]{20,500}", "ya29.", example=f"ya29.{_A}"),
    _token(
        r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}",
        "shpat_",
        "shpca_",
        "shppa_",
        "shpss_",
        example="shpat_0123456789abcdef0123456789abcdef",
    ),
    _token(
        r"(?:AGE-SECRET-KEY-1[0-9A-Z]{58}|hvs\.[0-9A-Za-z_-]{24,200}|gsk_[0-9A-Za-z]{30,100}|xai-[0-9A-Za-z]{40,120}"
        r"|r8_[0-9A-Za-z]{30,50}|pplx-[0-9A-Za-z]{30,80}|lin_api_[0-9A-Za-z]{30,60}|ntn_[0-9A-Za-z]{30,60}"
        r"|dckr_pat_[0-9A-Za-z_-]{20,60}|NRAK-[0-9A-Z]{20,40}|glsa_[0-9A-Za-z_]{30,60}|PMAK-[0-9a-f-]{40,80})",
        "age-secret-key-",
        "hvs.",
        "gsk_",
        "xai-",
        "r8_",
        "pplx-",
        "lin_api_",
        "ntn_",
        "dckr_pat_",
        "nrak-",
        "glsa_",
        "pmak-",
        example=f"gsk_{_A}",
    ),
)
