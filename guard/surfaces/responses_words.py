"""The words of OpenAI's responses: its fields, and the shapes of values that are words of the API.

Source: the OpenAI API reference, "Responses" and "Streaming events".
"""

from __future__ import annotations

import re

from guard.surfaces import words
from guard.surfaces.surface import MODEL
from guard.surfaces.walk import Vocabulary

_TYPE = re.compile(
    r"message|(input|output|summary|reasoning)_(text|image|file|audio)|text|refusal|reasoning|item_reference|compaction"
    r"|[a-z_]+_(call|call_output|calls?|citation|path|approval_request|approval_response|list_tools)"
    r"|(function|custom|mcp|shell|apply_patch|local_shell|code_interpreter|file_search|image_generation|computer)"
    r"|web_search(_preview)?(_\d{4}_\d\d_\d\d)?|computer_use_preview|computer_screenshot|allowed_tools|grammar"
    r"|approximate|auto|json_object|json_schema|search|open_page|find_in_page|exec|logs|image"
    r"|additional_tools|allowlist|base64|url|direct|disabled|inline|local|namespace|program|program_output"
    r"|programmatic_tool_calling|tool_search|tool_search_output|compaction_trigger|configuration_update|[a-z_]+_error"
    r"|container_(auto|reference)|skill_reference|(create|delete|update)_file|computer_use|exit|timeout|and|or|eq|ne|gt"
    r"|gte|lt|lte|in|nin|click|double_click|drag|keypress|move|screenshot|scroll|type|wait"
    rf"|(response|error)(\.[a-z_]+)*|{words.SCHEMA_TYPE}"
)

VOCABULARY = Vocabulary(
    keys=words.SCHEMA_KEYS
    | frozenset(
        """
        background content_index context_management conversation delta encrypted_content file_data file_id
        file_url filename function_call_output image_url include include_obfuscation incomplete_details input
        input_audio input_tokens input_tokens_details instructions item item_id logprobs max_output_tokens
        max_tool_calls metadata model object obfuscation output output_index output_text output_tokens
        output_tokens_details parallel_tool_calls part previous_response_id prompt prompt_cache_key
        prompt_cache_retention reasoning effort summary generate_summary response role content safety_identifier
        sequence_number service_tier status store stream stream_options temperature text verbosity tool_choice tools
        top_logprobs top_p truncation usage user total_tokens cached_tokens reasoning_tokens created_at completed_at
        error code message param id call_id name arguments annotations refusal detail data url strict parameters
        schema variables version action queries query results score result server_label server_url server_description
        connector_id allowed_tools require_approval approval_request_id approve reason authorization headers
        vector_store_ids max_num_results ranking_options ranker score_threshold filters search_context_size
        user_location city country region timezone approximate container container_id file_ids memory_limit
        display_width display_height environment background_color input_fidelity input_image_mask moderation
        output_compression output_format partial_images partial_image_index partial_image_b64 quality size
        pending_safety_checks acknowledged_safety_checks grammar syntax definition mode summary_index annotation
        annotation_index start_index end_index index tool_name token bytes logprob sources incomplete_reason
        custom phase compact_threshold
        access_programs actions allowed_callers allowed_domains always async attributes background_options button
        caller caller_id categories command commands comparison_response_id completion_window complexity context
        context_compression continuation_id cyber defer_loading diff domain domain_secrets embedding_weight env
        execution exit_code external_web_access fingerprint frame_count frame_duration_ms hybrid_search image
        input_schema key keys logs max_output_length media_type moderation_details moderation_stage namespace
        network_policy never operation outcome output_schema outputs path policy prewarm prompt_cache_breakpoint
        prompt_cache_options read_only revised_prompt scroll_x scroll_y search_content_types skill_id skills source
        stderr stdout svg svg_usage text_weight timeout_ms tool_names ttl tunnel_id value working_directory
        x y command_index cache_write_tokens category_applied_input_types category_scores created_by flagged
        """.split()  # noqa: SIM905 - a hundred quoted words would be harder to read
    ),
    words={
        **words.SCHEMA_WORDS,
        "type": _TYPE,
        "role": words.ROLE,
        "object": re.compile("response|list|conversation"),
        "status": re.compile("in_progress|completed|incomplete|failed|cancelled|queued|[a-z]+ing"),
        "effort": words.LEVEL,
        "summary": words.LEVEL,
        "generate_summary": words.LEVEL,
        "verbosity": words.LEVEL,
        "detail": re.compile("auto|low|high|original"),
        "service_tier": words.TIER,
        "truncation": re.compile("auto|disabled"),
        "tool_choice": words.TOOL_CHOICE,
        "mode": words.TOOL_CHOICE,
        "search_context_size": words.LEVEL,
        "include": re.compile(r"[a-z_]+(\.[a-z_]+)+(\[\*\]\.[a-z_]+)*"),
        "syntax": re.compile("lark|regex"),
        "format": words.FORMAT,
        "prompt_cache_retention": re.compile("in[-_]memory|24h"),
        "require_approval": re.compile("always|never"),
        "phase": re.compile("commentary|final_answer"),
        "created_at": words.TIME,
        "completed_at": words.TIME,
    },
    names=words.NAMES | {"item_id", "approval_request_id"},
    fixed={
        "model": MODEL,
        "encrypted_content": words.SEALED,
        "previous_response_id": re.compile(r"[A-Za-z0-9_-]{1,200}"),
        "conversation": re.compile(r"conv_[A-Za-z0-9_-]{1,200}"),
    },
    free=words.FREE | {"variables"},
)
