"""Where mistakes were seen in public: words in a mistake's `seen`, and the page that shows it.

Code is linked at a fixed commit, so that what was found can still be read after it has been repaired.
"""

GITHUB = "https://github.com/"

SOURCES = {
    "the tests of bwconrad/soft-moe": GITHUB
    + "bwconrad/soft-moe/blob/5af5f03a154d4903d36536b0788b06b4e34bc12c/tests/test_softmoe.py",
    "bwconrad/soft-moe": GITHUB
    + "bwconrad/soft-moe/blob/0f6b093ca48a7c352a488d4238832252ff5eb8d6/soft_moe_pytorch/soft_moe.py",
    "Ekoda/SoftMoE": GITHUB + "Ekoda/SoftMoE/blob/175060c7efbec701721fc7ef4648737b574e880b/src/model.py",
    "the tests of fkodom/soft-mixture-of-experts": GITHUB
    + "fkodom/soft-mixture-of-experts/blob/17eb2e535e7cd798360175d08e38d1bde310a086/tests/test_soft_moe.py",
    "fkodom/soft-mixture-of-experts": GITHUB + "fkodom/soft-mixture-of-experts/pull/1",
    "lucidrains/soft-moe-pytorch": GITHUB
    + "lucidrains/soft-moe-pytorch/blob/347f8ef316a3f3689f408650ab44d824a17b59de/soft_moe_pytorch/soft_moe.py",
    "the official soft router": GITHUB
    + "google-research/vmoe/blob/0c108255bf3d5e59eed578cb1a5a7ce22b8fd0fc/vmoe/projects/soft_moe/router.py",
    "the official code": GITHUB + "google-research/vmoe",
    "labml's Switch Transformer": GITHUB + "labmlai/annotated_deep_learning_paper_implementations/blob/"
    "987eb9abdc71e24860f3363719ca1b51d5455b7c/labml_nn/transformers/switch/__init__.py",
    "makeMoE": GITHUB + "AviSoori1x/makeMoE/blob/9451a544330583a7acb3755853761359c72debb7/makeMoE.py",
    "the issues of sonic-moe": GITHUB + "Dao-AILab/sonic-moe/issues/5",
    "minimind, issue 290": GITHUB + "jingyaogong/minimind/issues/290",
    "questions to the authors of DeepSeek-V2": GITHUB + "deepseek-ai/DeepSeek-V2/issues/48",
    "the balance loss of Mixtral in Hugging Face's library": GITHUB + "huggingface/transformers/issues/31464",
    "pull request 37123": GITHUB + "huggingface/transformers/pull/37123",
    "pull request 45111": GITHUB + "huggingface/transformers/pull/45111",
}
