"""Laws that cannot apply to vendors of our own: vendor, law, reason.

A law's name is that of its test without ``test_``, and may end with one parameter in brackets.
"""

_SIMULATED_PEOPLE = "it has no accounts or tokens: whoever has the database has the vendor"
_NO_WIRE = "there is no wire: a folder is there or not"
_FOLDER = "a folder needs no credentials"
_FOUND = "a write that was done is found by reading back, so there is no error"
_NOT_PAID = "Label Studio pays nobody"
_UNTOUCHED = "a row that nobody has filled in is one that is still to be filled in"
_DECLINED = "an item that one worker declines is shown to another; nothing tells of it"
_BY_HAND = "it has no webhooks, or they are set up by hand"
_NOT_PAID_SINGLY = "a work team is paid outside of Ground Truth"

EXEMPT: dict[str, dict[str, str]] = {
    "simulated": {
        "a_webhook_is_registered_once_and_removed_alone": _BY_HAND,
        "registering_a_webhook_that_goes_wrong_registers_one": _BY_HAND,
        "a_task_that_is_there_twice_is_listed_once": "its database holds each key once",
        "ids_that_the_vendor_uses_again_are_not_mixed_up": "its ids are digests of the keys",
        "no_secret_is_kept_or_told": _SIMULATED_PEOPLE,
        "credentials_that_end_can_be_replaced_at_any_time": _SIMULATED_PEOPLE,
        "a_short_lived_token_is_replaced_without_a_word": _SIMULATED_PEOPLE,
    },
    "files": {
        "a_webhook_is_registered_once_and_removed_alone": _BY_HAND,
        "registering_a_webhook_that_goes_wrong_registers_one": _BY_HAND,
        "what_expired_ends_the_wait": "files do not expire",
        "an_empty_answer_is_no_label": _UNTOUCHED,
        "a_batch_that_was_left_empty_is_complete": _UNTOUCHED,
        "two_answers_of_one_annotator_can_be_told_apart": (
            "rows of one annotator that contradict one another count for neither and are shown"
        ),
        "a_prediction_is_no_answer": "nobody predicts in a spreadsheet",
        "imported_gold_is_no_answer": "who puts an answer into a file is an annotator",
        "an_event_is_a_hint_and_nothing_more": "files send no webhooks",
        "extending_loses_nothing": "a batch stays open until it is complete",
        "deciding_twice_pays_once_and_the_first_decision_stands": "nobody is paid through a file",
        "more_copies_than_there_can_be_are_refused_unsent": "there is no limit",
        "no_secret_is_kept_or_told": _FOLDER,
        "credentials_that_end_can_be_replaced_at_any_time": _FOLDER,
        "a_short_lived_token_is_replaced_without_a_word": _FOLDER,
        "connecting_speaks_with_nobody": _NO_WIRE,
        "sending_that_goes_wrong_sends_each_task_once": _NO_WIRE,
        "making_a_batch_that_goes_wrong_makes_one": _NO_WIRE,
        "reading_that_goes_wrong_gives_an_error_or_the_truth": _NO_WIRE,
        "deciding_that_goes_wrong_pays_once": _NO_WIRE,
        "an_error_is_never_taken_for_success": _NO_WIRE,
        "a_vendor_that_is_down_at_the_start_is_waited_for": _NO_WIRE,
        "a_vendor_that_is_down_while_one_waits_loses_nothing": _NO_WIRE,
        "being_throttled_says_how_long_to_wait": _NO_WIRE,
    },
    "bucket": {
        "a_webhook_is_registered_once_and_removed_alone": _BY_HAND,
        "registering_a_webhook_that_goes_wrong_registers_one": _BY_HAND,
        "an_event_is_a_hint_and_nothing_more": "a bucket sends no webhooks",
        "more_copies_than_there_can_be_are_refused_unsent": "there is no limit",
        "a_short_lived_token_is_replaced_without_a_word": "boto3 replaces them by itself",
        "an_error_is_never_taken_for_success[timeout_after]": _FOUND,
        "an_error_is_never_taken_for_success[cut_response]": _FOUND,
    },
    "label_studio": {
        "what_expired_ends_the_wait": "a project has no end",
        "extending_loses_nothing": "a project has no end",
        "deciding_twice_pays_once_and_the_first_decision_stands": _NOT_PAID,
        "deciding_that_goes_wrong_pays_once": _NOT_PAID,
        "more_copies_than_there_can_be_are_refused_unsent": "there is no limit",
        "a_short_lived_token_is_replaced_without_a_word": (
            "a legacy token lives until it is replaced; a personal one has tests of its own"
        ),
    },
    "ground_truth": {
        "a_webhook_is_registered_once_and_removed_alone": _BY_HAND,
        "registering_a_webhook_that_goes_wrong_registers_one": _BY_HAND,
        "a_skip_is_no_label": _DECLINED,
        "a_batch_that_everybody_skipped_is_complete": _DECLINED,
        "a_changed_answer_is_a_new_revision_of_it": "what a worker has submitted stays as it is",
        "a_deleted_answer_is_withdrawn": "Ground Truth deletes no answer",
        "imported_gold_is_no_answer": "Ground Truth knows no gold",
        "a_task_that_is_there_twice_is_listed_once": "a job takes no more once it is made",
        "extending_loses_nothing": "a labeling job cannot be prolonged",
        "deciding_twice_pays_once_and_the_first_decision_stands": _NOT_PAID_SINGLY,
        "deciding_that_goes_wrong_pays_once": _NOT_PAID_SINGLY,
        "a_short_lived_token_is_replaced_without_a_word": "boto3 replaces them by itself",
    },
}
