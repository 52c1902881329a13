"""What is computed agrees to 1e-9 with libraries that share no code with it."""

import math
import statistics

import numpy
import pandas
import pytest
import scipy.stats
import sklearn.cluster
import sklearn.metrics
import statsmodels.api
from statsmodels.tsa.stattools import acf

from llmx.templates.builtin.data_analysis.compute.clustering import clusters, labeled, standardized
from llmx.templates.builtin.data_analysis.compute.correlation import correlation
from llmx.templates.builtin.data_analysis.compute.descriptive import descriptive, profile
from llmx.templates.builtin.data_analysis.compute.regression import regression
from llmx.templates.builtin.data_analysis.compute.timeseries import timeseries
from tests.templates.data_analysis.tables import PARAMETERS, SETS, read


def near(value):
    return pytest.approx(value, rel=1e-9, abs=1e-12)


def there(values):
    return [value for value in values if value is not None]


@pytest.mark.promise("S2-35")
@pytest.mark.parametrize(("text", "columns"), SETS)
def test_descriptive_numbers_are_those_of_statistics_and_scipy(text, columns):
    told = descriptive(read(text), PARAMETERS)["columns"]
    for name, all_values in columns.items():
        values, facts = there(all_values), told[name]
        assert (facts["count"], facts["missing"]) == (len(values), len(all_values) - len(values))
        q1, median, q3 = statistics.quantiles(values, n=4, method="inclusive")
        expected = {
            "sum": math.fsum(values),
            "mean": statistics.mean(values),
            "std": statistics.stdev(values),
            "variance": statistics.variance(values),
            "min": min(values),
            "max": max(values),
            "q1": q1,
            "median": median,
            "q3": q3,
            "skewness": scipy.stats.skew(values, bias=False),
            "kurtosis": scipy.stats.kurtosis(values, bias=False),
            "distinct": len(set(values)),
        }
        assert {key: facts[key] for key in expected} == {key: near(value) for key, value in expected.items()}


@pytest.mark.promise("S2-35")
@pytest.mark.parametrize(("text", "columns"), SETS)
def test_correlations_are_those_of_scipy_and_statistics(text, columns):
    told = correlation(read(text), PARAMETERS)
    for pair in told["pairs"]:
        one, other = pair["columns"]
        both = [(x, y) for x, y in zip(columns[one], columns[other], strict=True) if x is not None and y is not None]
        x, y = zip(*both, strict=True)
        pearson, spearman = scipy.stats.pearsonr(x, y), scipy.stats.spearmanr(x, y)
        assert pair["n"] == len(both)
        assert (pair["pearson"], pair["p_value"]) == (near(pearson.statistic), near(pearson.pvalue))
        assert pair["pearson"] == near(statistics.correlation(x, y))
        assert (pair["spearman"], pair["spearman_p_value"]) == (near(spearman.statistic), near(spearman.pvalue))
    frame = pandas.DataFrame(columns, dtype=float).corr()
    assert numpy.array(told["matrix"], dtype=float) == pytest.approx(frame.to_numpy(), rel=1e-9)
    strengths = [abs(pair["pearson"]) for pair in told["pairs"]]
    assert strengths == sorted(strengths, reverse=True)


@pytest.mark.promise("S2-35")
@pytest.mark.parametrize(("text", "columns"), SETS)
def test_a_regression_is_that_of_statsmodels(text, columns):
    told = regression(read(text), {**PARAMETERS, "target": "y"})
    frame = pandas.DataFrame(columns, dtype=float).dropna()
    fit = statsmodels.api.OLS(frame["y"], statsmodels.api.add_constant(frame[["a", "b", "c"]])).fit()
    assert told["n"] == len(frame)
    low, high = fit.conf_int()[0], fit.conf_int()[1]
    for name, facts in told["coefficients"].items():
        key = "const" if name == "intercept" else name
        expected = (fit.params[key], fit.bse[key], fit.tvalues[key], fit.pvalues[key], low[key], high[key])
        values = tuple(facts[each] for each in ("value", "std_error", "t", "p_value", "low", "high"))
        assert values == tuple(near(each) for each in expected)
    assert told["r_squared"] == near(fit.rsquared)
    assert told["adjusted_r_squared"] == near(fit.rsquared_adj)
    assert (told["f_statistic"], told["f_p_value"]) == (near(fit.fvalue), near(fit.f_pvalue))
    assert told["residual_std"] == near(fit.mse_resid**0.5)


@pytest.mark.promise("S2-35")
@pytest.mark.parametrize("seed", [0, 1])
def test_a_time_series_is_that_of_scipy_and_statsmodels(seed):
    chance = numpy.random.default_rng(seed)
    days = numpy.cumsum(chance.integers(1, 4, 80))
    values = 0.3 * days + chance.normal(size=80) * 5 + 40
    dates = pandas.Timestamp("2026-01-01") + pandas.to_timedelta(days, unit="D")
    order = chance.permutation(80)
    text = "when,value\n" + "".join(f"{dates[at].date()},{float(values[at])!r}\n" for at in order)
    facts = timeseries(read(text), PARAMETERS)["series"]["value"]
    fit = scipy.stats.linregress(days - days[0], values)
    assert facts["trend"] == {"per_day": near(fit.slope), "r_squared": near(fit.rvalue**2), "p_value": near(fit.pvalue)}
    assert facts["autocorrelation"] == [near(each) for each in acf(values, nlags=12, fft=False)[1:]]
    assert (facts["first"], facts["last"]) == (float(values[0]), float(values[-1]))
    assert facts["change"] == near(float(values[-1] - values[0]))
    assert facts["change_percent"] == near(float((values[-1] - values[0]) / values[0] * 100))
    assert facts["moving_average"] == {"window": 7, "last": near(statistics.mean(values[-7:].tolist()))}
    assert (facts["start"], facts["end"]) == (str(dates[0].date()), str(dates[-1].date()))
    assert facts["longest_gap_days"] == 3.0


@pytest.mark.promise("S2-35")
@pytest.mark.parametrize(("k", "apart"), [(3, 8.0), (4, 8.0), (3, 1.0)])
def test_clusters_are_those_of_scikit_learn(k, apart):
    chance = numpy.random.default_rng(k)
    rows = numpy.vstack([chance.normal(loc=apart * at, size=(40 + 5 * at, 3)) for at in range(k)]) * [1, 100, 0.01]
    text = "a,b,c\n" + "".join(",".join(repr(float(each)) for each in row) + "\n" for row in rows)
    parameters = {**PARAMETERS, "clusters": k}
    told = clusters(read(text), parameters)
    _, raw, labels = labeled(read(text), parameters)
    z = standardized(raw)
    assert z == pytest.approx(scipy.stats.zscore(rows), rel=1e-9, abs=1e-12)
    own = numpy.array([z[labels == at].mean(axis=0) for at in range(k)])
    again = sklearn.cluster.KMeans(k, init=own, n_init=1, tol=0.0).fit(z)
    assert told["inertia"] == near(again.inertia_)
    assert told["silhouette"] == near(sklearn.metrics.silhouette_score(z, labels))
    assert told["inertia"] <= sklearn.cluster.KMeans(k, n_init=10, random_state=0).fit(z).inertia_ * 1.001
    assert [each["size"] for each in told["clusters"]] == sorted((labels == at).sum() for at in range(k))[::-1]
    for each in told["clusters"]:
        inside = [rows[labels == at] for at in range(k) if (labels == at).sum() == each["size"]]
        assert any(list(each["center"].values()) == near(group.mean(axis=0).tolist()) for group in inside)


def test_many_rows_are_clustered_by_a_start_from_some_of_them():
    chance = numpy.random.default_rng(5)
    values = numpy.concatenate([chance.normal(at * 10, 1, 9000) for at in range(3)])
    table = read("a\n" + "\n".join(map(repr, values.tolist())) + "\n")
    told = clusters(table, PARAMETERS)
    assert [each["size"] for each in told["clusters"]] == [9000] * 3
    assert table.notes == ["the silhouette is that of 2000 of 27000 rows"]


def test_a_table_is_described_with_its_gaps_and_its_kinds():
    text = 'name,n,when,ok\n"a, ""b""",1,2026-01-01,true\n,,2026-01-02,false\nc,2.5,,\nc,2.5,,\n'
    table = read(text)
    told = profile(table, PARAMETERS)
    assert told["columns"] == [
        {"name": "name", "kind": "text", "missing": 1, "missing_share": 0.25, "distinct": 2},
        {"name": "n", "kind": "number", "missing": 1, "missing_share": 0.25, "distinct": 2},
        {"name": "when", "kind": "date", "missing": 2, "missing_share": 0.5, "distinct": 2},
        {"name": "ok", "kind": "boolean", "missing": 2, "missing_share": 0.5, "distinct": 2},
    ]
    assert (told["rows"], told["duplicate_rows"]) == (4, 1)
    facts = descriptive(table, PARAMETERS)["columns"]
    assert facts["name"]["top"] == [
        {"value": "c", "count": 2, "share": 2 / 3},
        {"value": 'a, "b"', "count": 1, "share": 1 / 3},
    ]
    assert (facts["when"]["first"], facts["when"]["last"]) == ("2026-01-01", "2026-01-02")
    assert facts["ok"]["true_share"] == 0.5
