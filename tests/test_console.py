"""What is printed: names from files do not steer the terminal."""

from forward_forward.console import say, say_table


def test_names_from_files_do_not_steer_the_terminal(capsys):
    say("image 0: cat\x1b[31m\u202e (10 %)\tsure")
    say_table(["class", "of\nit"], [["cat\x1b]0;title\x07", "a\nb"]])
    printed = capsys.readouterr().out
    assert "\x1b" not in printed and "\x07" not in printed and "\u202e" not in printed
    assert r"cat\x1b[31m\u202e (10 %)" in printed
    assert "\\x1b]0;title\\x07" in printed
    assert r"of\nit" in printed and r"a\nb" in printed
