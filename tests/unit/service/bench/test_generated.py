"""The conversations that the retrieval bench makes up."""

from service.bench.retrieval.talk import generated


def test_a_seed_gives_the_same_conversations_everywhere():
    assert generated(2, seed=7) == generated(2, seed=7)
    assert generated(1, seed=7) != generated(1, seed=8)


def test_every_question_has_evidence_that_its_person_said():
    for conversation in generated(3):
        for question in conversation.questions:
            said = [conversation.turns[place] for place in question.evidence]
            assert said
            assert all(f"{turn.speaker}" in question.text for turn in said)


def test_conversations_have_sessions_and_are_long():
    for conversation in generated(3):
        assert len({turn.session for turn in conversation.turns}) == 16
        assert len(conversation.turns) > 250
        assert len(conversation.questions) == 52


def test_no_text_has_a_place_left_open():
    for conversation in generated(3):
        assert not [turn.text for turn in conversation.turns if "{" in turn.text]
