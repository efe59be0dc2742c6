"""The words of Anthropic's messages: its fields, and the shapes of values that are words of the API.

Source: the Anthropic API reference, "Messages", "Streaming messages" and "Errors".
"""

from __future__ import annotations

import re

from guard.surfaces import words
from guard.surfaces.surface import MODEL
from guard.surfaces.walk import Vocabulary

_TYPE = re.compile(
    r"text|image|document|search_result|(redacted_)?thinking|[a-z_]*tool_use|[a-z_]*tool_result(_error)?"
    r"|web_search_result|[a-z_]+(\d\d)?_20\d{6}|[a-z_]+_delta|(message|content_block)(_start|_delta|_stop)?|ping|error"
    r"|ephemeral|base64|url|file|content|custom|mcp_toolset|enabled|disabled|adaptive|auto|any|tool|none|json_schema"
    r"|[a-z_]+_location|container_upload|[a-z_]+_error|input_tokens|tool_uses|tool_reference|[a-z_]+_(result|output)"
    r"|approximate|direct|anthropic|all|only|except|between_tools|tool_search_tool_(bm25|regex)|browser_state|tab_opened"
    rf"|download_(started|completed|failed)|{words.SCHEMA_TYPE}"
)

VOCABULARY = Vocabulary(
    keys=words.SCHEMA_KEYS
    | frozenset(
        """
        model max_tokens messages system metadata user_id stop_sequences stream temperature top_k top_p tools
        tool_choice disable_parallel_tool_use thinking budget_tokens display service_tier container mcp_servers
        context_management edits trigger keep clear_at_least exclude_tools output_config output_format effort
        inference_geo speed betas role content text cache_control ttl source media_type data file_id id name input
        tool_use_id is_error signature citations cited_text document_index document_title start_char_index
        end_char_index start_page_number end_page_number start_block_index end_block_index search_result_index
        encrypted_index encrypted_content page_age caller tool_id context url authorization_token tool_configuration
        allowed_tools server_name input_schema strict max_uses allowed_domains blocked_domains user_location city
        country region timezone display_width_px display_height_px display_number max_characters max_content_tokens
        defer_loading eager_input_streaming skills skill_id version configs default_config mcp_server_name
        message index content_block delta partial_json stop_reason stop_sequence usage input_tokens output_tokens
        cache_creation_input_tokens cache_read_input_tokens cache_creation ephemeral_5m_input_tokens
        ephemeral_1h_input_tokens server_tool_use web_search_requests web_fetch_requests error request_id citation
        applied_edits expires_at stdout stderr return_code error_code retrieved_at iterations stop_details
        active allowed_callers client_tool_results close_tab cursor_position details diagnostics double_click
        download_id enabled encrypted_stdout error_message file_type file_upload find form_input get_page_text
        hold_key hover input_examples is_file_update javascript_exec key left_click left_click_drag left_mouse_down
        left_mouse_up lines list_tabs middle_click mouse_move navigate new_lines new_start new_tab num_lines old_lines
        old_start output_tokens_details oversized_image path prefill previous_message_id read_console read_network
        read_page response_inclusion right_click schema screenshot scroll scroll_to server_tool_results size_bytes
        start_line state_changes switch_tab tab_id tabs tool_name tool_references toolset_name total_lines
        transformations triple_click url_sources use_cache user_input user_profile_id wait workspace_id zoom
        cache_miss_reason cache_missed_input_tokens category explanation thinking_tokens
        """.split()  # noqa: SIM905 - a hundred quoted words would be harder to read
    ),
    words={
        **words.SCHEMA_WORDS,
        "type": _TYPE,
        "role": words.ROLE,
        "stop_reason": re.compile("[a-z]+(_[a-z]+)*"),
        "ttl": re.compile("5m|1h"),
        "media_type": re.compile(r"(image|application|text)/[a-z0-9.+-]+"),
        "service_tier": words.TIER,
        "effort": words.LEVEL,
        "display": re.compile("summarized|omitted"),
        "speed": re.compile("standard|fast"),
        "format": words.FORMAT,
    },
    names=words.NAMES | {"tool_use_id", "tool_id"},
    fixed={
        "model": MODEL,
        "signature": words.SEALED,
        "encrypted_content": words.SEALED,
        "encrypted_index": words.SEALED,
        "data": words.SEALED,
    },
    free=words.FREE | {"input"},
)
